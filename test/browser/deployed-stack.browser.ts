import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createDestination } from '../fixtures/clients.ts';
import { startRecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { clientsIn, openConsole, regionsOf, seriousFindings } from './console-page.ts';

const newRegion = regionsOf('deployed');

/** AWS as the console sees it: the services of the local stack, with the names of stage prod, and a CloudWatch of recorded answers. */
async function startAws() {
  const aws = await startRecordingEndpoint(async ({ path, headers, body }) => {
    const { authorization = '', 'content-type': type = '', 'x-amz-target': target } = headers;
    const ofCloudWatch = metricsAndAlarms[target?.split('.')[1] ?? ''];
    if (ofCloudWatch !== undefined) return { body: JSON.stringify(ofCloudWatch) };
    const local = (text: string): string => text.replaceAll('lastmile-prod-', 'lastmile-local-');
    const answer = await fetch(`${inject('stackUrl')}${local(path)}`, {
      method: 'POST',
      headers: { authorization, 'content-type': type, ...(target !== undefined && { 'x-amz-target': target }) },
      body: local(body),
    });
    return { status: answer.status, body: await answer.text() };
  });
  onTestFinished(() => aws.close());
  return aws;
}

/** By operation. */
const metricsAndAlarms: Readonly<Record<string, object>> = {
  GetMetricData: { MetricDataResults: [] },
  DescribeAlarms: {
    MetricAlarms: [
      {
        AlarmName: 'lastmile-prod-dead-letters-waiting',
        AlarmDescription: 'Dead letters wait to be redriven or deleted.',
        StateValue: 'ALARM',
        StateUpdatedTimestamp: 1_700_000_000,
      },
      { AlarmName: 'lastmile-prod-permanent-failures', StateValue: 'OK' },
    ],
  },
};

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

test('the console of a deployed stack shows its alarms on the first page, and its rules without a way to change them', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  const EventPattern = '{"source": ["com.example.shop"]}';
  await events.send(new PutRuleCommand({ Name: 'paid', EventPattern }));
  const Arn = `arn:aws:sqs:${region}:123456789012:lastmile-prod-deliveries`;
  await events.send(new PutTargetsCommand({ Rule: 'paid', Targets: [{ Id: 'queue', Arn }] }));
  const aws = await startAws();
  const page = await openConsole({ region, firstUrl: await startCommand(region, aws.origin) });
  await page.getByText('dead-letters-waiting').waitFor();
  await page.getByText('(1/2)').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'Rules' }).click();
  await page.getByRole('link', { name: 'paid' }).waitFor();
  expect(await page.getByText('Create rule').count()).toBe(0);
  await page.getByRole('link', { name: 'paid' }).click();
  await page.getByText(Arn).waitFor();
  for (const name of ['Disable', 'Delete']) expect(await page.getByRole('button', { name }).count()).toBe(0);
  await page.goto(new URL(`/create/rule?region=${region}`, page.url()).href);
  await page.getByText('Declare a new one in a template.').waitFor();
});
