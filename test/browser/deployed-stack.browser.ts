import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createDestination } from '../fixtures/clients.ts';
import { startRecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { clientsIn, openConsole, regionsOf, seriousFindings } from './console-page.ts';

const newRegion = regionsOf('deployed');

/** AWS as the console sees it: the functions of stage prod, which are those of the local stack under other names. */
async function startAws() {
  const aws = await startRecordingEndpoint(async ({ path, headers, body }) => {
    const { authorization = '', 'content-type': type = '' } = headers;
    const local = path.replace('lastmile-prod-', 'lastmile-local-');
    const answer = await fetch(`${inject('stackUrl')}${local}`, {
      method: 'POST',
      headers: { authorization, 'content-type': type },
      body,
    });
    return { status: answer.status, body: await answer.text() };
  });
  onTestFinished(() => aws.close());
  return aws;
}

/** Starts the command as a person does. Returns the link that it prints. */
async function startCommand(region: string, aws: string, ...flags: readonly string[]): Promise<string> {
  const lastmile = join(import.meta.dirname, '..', '..', 'lib', 'commands', 'lastmile.ts');
  const args = ['console', '--stage', 'prod', '--region', region, '--endpoint-url', aws, '--port', '0', ...flags];
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'AKIATEAM', AWS_SECRET_ACCESS_KEY: 'aws-secret-canary' };
  const child = spawn(process.execPath, [lastmile, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill();
    await once(child, 'exit');
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return /http:\S+$/.exec(line)?.[0] ?? expect.unreachable(line);
}

test('the console of a deployed stack invokes its functions with the credentials of the person, and offers no change when it is read-only', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  await createDestination(events, 'orders', { InvocationEndpoint: 'https://example.com/' });
  const aws = await startAws();
  const firstUrl = await startCommand(region, aws.origin, '--read-only');
  const page = await openConsole({ region, firstUrl, path: '/connections' });
  const answers: string[] = [];
  page.on(
    'response',
    (response) =>
      void response.text().then(
        (text) => answers.push(text),
        () => undefined,
      ),
  );
  await page.getByRole('link', { name: 'Lastmile · Stage prod · read only' }).waitFor();
  await page.getByRole('link', { name: 'orders' }).click();
  await page.getByRole('heading', { name: 'orders', exact: true }).waitFor();
  for (const name of ['Deauthorize', 'Delete'])
    expect(await page.getByRole('button', { name }).getAttribute('aria-disabled')).toBe('true');
  await page.getByRole('link', { name: 'orders' }).click();
  await page.getByText('Healthy', { exact: true }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  expect(aws.requests.length).toBeGreaterThan(3);
  for (const { path, headers } of aws.requests) {
    expect(path).toBe('/2015-03-31/functions/lastmile-prod-control-api/invocations');
    expect(headers['authorization']).toContain('Credential=AKIATEAM/');
  }
  const everything = [...answers, await page.content(), page.url()].join('\n');
  expect(everything).toContain('orders');
  expect(everything).not.toContain('aws-secret-canary');
  expect(everything).not.toContain('AKIATEAM');
});
