import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDynamoDbClient } from '../../../lib/adapters/aws/clients.ts';
import { databaseFile } from '../../../lib/local/stack/stored-files.ts';
import { authorizeEverything, createEverything, deliverEverything } from './canary-deliveries.ts';
import { refuseEverything } from './canary-refusals.ts';
import {
  canaries,
  decoded,
  disguisesOf,
  repeatable,
  startSurroundings,
  type Surroundings,
  WatchedStack,
} from './canary-story.ts';

let surroundings: Surroundings;
let stack: WatchedStack;
let folder: string;
let refusals: readonly number[];
let items: string;

/** Creates every kind of resource and makes every kind of delivery, before and after a kill of the stack. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lastmile-canaries-'));
  surroundings = await startSurroundings();
  stack = new WatchedStack(folder);
  await stack.start();
  await createEverything(stack, surroundings);
  await deliverEverything(stack);
  refusals = await refuseEverything(stack);
  await stack.end('SIGKILL');
  await stack.start();
  await authorizeEverything(stack, surroundings);
  await deliverEverything(stack);
  items = await scan();
  await stack.end('SIGTERM');
});

afterAll(async () => {
  await stack.end('SIGKILL');
  await surroundings.close();
  rmSync(folder, { recursive: true });
});

/** All items of the table, with their bytes as text. */
async function scan(): Promise<string> {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'thing' };
  const client = createDynamoDbClient({ region: 'us-east-1', endpoint: stack.url, credentials });
  const { Items = [] } = await client.send(new ScanCommand({ TableName: 'lastmile-local' }));
  client.destroy();
  return JSON.stringify(Items, (_, value: unknown) => {
    return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
  });
}

const all = Object.entries(canaries);

/** Canaries that no request or answer contains in a readable form. */
const unsent = new Set(['refusedInput', 'policySecret', 'signingKey']);

test.each(all.filter(([name]) => !unsent.has(name)))(
  'a request or an answer contains the canary "%s"',
  (_name, canary) => {
    const { endpoint, tokenEndpoint } = surroundings;
    const basic = Buffer.from(`jo:${canary}`).toString('base64');
    const exchanged = JSON.stringify([endpoint.requests, tokenEndpoint.requests, surroundings.answered]);
    expect(exchanged.includes(canary) || exchanged.includes(basic)).toBe(true);
  },
);

test('requests are signed with the canary "signingKey"', () => {
  const key = `whsec_${Buffer.from(canaries.signingKey).toString('base64')}`;
  const signed = surroundings.endpoint.requests.filter(({ path }) => path.endsWith('?signed'));
  expect(signed.length).toBeGreaterThan(0);
  for (const { headers, body } of signed) {
    const verify = () => new Webhook(key).verify(body, headers as Record<string, string>);
    expect(verify).not.toThrow();
  }
});

/** The outcomes, failure codes and security events that the deliveries must have caused. Otherwise their texts are not checked. */
const met =
  'delivered dead-lettered EndpointRejected EndpointFailed EndpointThrottled EndpointUnauthorized TimedOut ' +
  'ConnectionRefused AnswerInvalid TlsFailed InvalidDelivery ApiDestinationNotFound TokenUnavailable TokenInvalid ' +
  'ConnectionDeauthorized InvalidPolicySecret destination-moved transport-changed hosts-loosened ' +
  'secret-changed';

test.each(met.split(' '))('the output of the stack contains a line with %s', (outcome) => {
  expect(stack.printed).toContain(outcome);
});

test('the stack answers every invalid input with a 4xx status', () => {
  expect(refusals.filter((status) => status < 400 || status >= 500)).toEqual([]);
});

/** The forms of the canary in the text. A text in Base64 is searched too. */
function found(canary: string, text: string): readonly string[] {
  return disguisesOf(canary).filter((form) => `${text}\n${decoded(text)}`.includes(form));
}

test.each(all)('the output of the stack does not contain the canary "%s", plain or encoded', (name, canary) => {
  const printed = repeatable.has(name) ? stack.printed.replace(/ {2}answer: .*$/gm, '') : stack.printed;
  expect(found(canary, printed)).toEqual([]);
});

/** The answers to clients. The function `deliver` answers with what it writes in the log line of a deployed stack. */
const answersToClients = (withEndpointAnswers: boolean) =>
  stack.answers
    .map(({ text, headers }) => {
      const isConclusion = !withEndpointAnswers && text.startsWith('{"outcome":');
      const shown = isConclusion ? JSON.stringify({ ...JSON.parse(text), answer: undefined }) : text;
      return shown + headers;
    })
    .join('\n');

test.each(all)('no answer to a client contains the canary "%s", plain or encoded', (name, canary) => {
  expect(found(canary, answersToClients(!repeatable.has(name)))).toEqual([]);
});

test('the log lines of failed deliveries contain what the endpoint has answered, with masked credentials', () => {
  const answers = stack.answers.flatMap(({ text }) => {
    const { answer }: { answer?: string } = text.startsWith('{"outcome":') ? JSON.parse(text) : {};
    return answer ?? [];
  });
  expect(answers.length).toBeGreaterThan(10);
  for (const answer of answers) {
    expect(answer).toContain(canaries.endpointAnswer);
    expect(answer).toContain('***');
  }
});

test.each(all)('no item of the table contains the canary "%s", plain or encoded', (_name, canary) => {
  expect(items).toContain('TOKEN#');
  expect(disguisesOf(canary).filter((text) => items.includes(text))).toEqual([]);
});

test.each(all)('no file of the embedded database contains the canary "%s", plain or encoded', (_name, canary) => {
  const files = readdirSync(join(folder, 'dynamodb'), { recursive: true, withFileTypes: true });
  const contents = files
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'));
  expect(contents.length).toBeGreaterThan(0);
  expect(contents.some((content) => disguisesOf(canary).some((text) => content.includes(text)))).toBe(false);
});

/** The texts of all kept events. */
function keptEvents(): string {
  const database = new DatabaseSync(join(folder, databaseFile), { readOnly: true });
  const rows = database.prepare('SELECT text FROM kept_events').all();
  database.close();
  return rows.map(({ text }) => String(text)).join('');
}

test.each(all)(
  'no kept event contains the canary "%s", plain or encoded, unless a rule has sent it',
  (name, canary) => {
    const isSent = name === 'event' || name === 'targetHeader';
    const text = keptEvents();
    expect(text.includes(canary)).toBe(isSent);
    if (!isSent) expect(found(canary, text)).toEqual([]);
  },
);

test('the log contains only lines about deliveries, health, tokens, deauthorized connections and security events', () => {
  // The first lines say how to use the stack.
  const lines =
    stack.printed
      .trimEnd()
      .split(/^.*Ctrl-C stops it\.$/m)
      .at(-1)
      ?.trim()
      .split('\n') ?? [];
  expect(lines.length).toBeGreaterThan(1);
  const expected =
    /^([0-9:.]{12} {2}((delivered|dead-lettered|returned|deferred) {2}|(un)?healthy {2}[\w-]+, |deauthorized {2}connection \w+$|no token {2}connection \w+ {2}|security {2}[a-z-]+ {2}[\w ,.:/-]+$))/;
  expect(lines.filter((line) => !expected.test(line))).toEqual([]);
});
