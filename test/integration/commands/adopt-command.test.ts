import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  type CreateConnectionCommandInput,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import { CreateSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { cloudFormationOf } from '../../../lib/adopt/cloudformation.ts';
import type { EventBridgeState } from '../../../lib/adopt/descriptions.ts';
import { createRuleTargets, readEventBridge } from '../../../lib/adopt/eventbridge.ts';
import { makePlan } from '../../../lib/adopt/plan.ts';
import { planText, summary } from '../../../lib/adopt/plan-text.ts';
import { type AdoptPorts, readStack, runApply, runUndo } from '../../../lib/adopt/runs.ts';
import { terraformOf } from '../../../lib/adopt/terraform.ts';
import { callControlApi } from '../../../lib/commands/function-call.ts';
import { deployedFunctions } from '../../../lib/local/lambda/function-instances.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { startTokenEndpoint } from '../../servers/oauth/oauth-token-endpoint.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { openClients } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import { startStack } from '../../../lib/local/stack/stack.ts';

/*
 * Two stacks: `eventbridge` plays EventBridge, so it has no deliver-queued, and what its rules send stays in its queue. `lastmile` is
 * the stack that takes the rules over. The test carries messages from one queue to the other, as both would be the same queue in AWS.
 */

const canaries = ['canary-key', 'canary-password', 'canary-client', 'canary-header'];
const account = '123456789012';
const region = 'us-east-1';
const ruleNames = ['placed', 'refunded', 'odd'];
const destinationCount = 9;
const patience = { timeout: 100_000 };

let urls: { readonly eventbridge: string; readonly lastmile: string };
let from: Clients;
let to: Clients;
let partner: RecordingEndpoint;
let statePath: string;
/** Everything that was printed. */
const shown: string[] = [];
/** The targets of each rule before anything was moved, as JSON text. */
const original = new Map<string, string>();

const http = { HeaderParameters: [{ Key: 'x-partner', Value: 'canary-header', IsValueSecret: true }] };
const byKey = { ApiKeyName: 'x-key', ApiKeyValue: 'canary-key' };

const connections = (tokenUrl: string): readonly CreateConnectionCommandInput[] => [
  {
    Name: 'by-key',
    AuthorizationType: 'API_KEY',
    AuthParameters: { ApiKeyAuthParameters: byKey, InvocationHttpParameters: http },
  },
  {
    Name: 'by-password',
    AuthorizationType: 'BASIC',
    AuthParameters: { BasicAuthParameters: { Username: 'me', Password: 'canary-password' } },
  },
  {
    Name: 'by-token',
    AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    AuthParameters: {
      OAuthParameters: {
        ClientParameters: { ClientID: 'client', ClientSecret: 'canary-client' },
        AuthorizationEndpoint: tokenUrl,
        HttpMethod: 'POST',
      },
    },
  },
];

// Both stacks keep their secrets under the same prefix otherwise, and Lastmile refuses to name one of its own.
sharedStack.override('stackOptions', { environment: { SECRET_PREFIX: 'lastmile/connection/' } });

sharedStack.beforeAll(async ({ stack, clients, endpoint, folder }) => {
  const functions = deployedFunctions().filter(({ name }) => ['control-api', 'authorize-connection'].includes(name));
  const eventbridge = await startStack({ port: 0, functions });
  const tokens = await startTokenEndpoint();
  urls = { eventbridge: eventbridge.url, lastmile: stack.url };
  from = openClients(eventbridge.url);
  to = clients;
  partner = endpoint;
  statePath = join(folder, 'state.json');
  const arns = await createDestinations(tokens.url);
  await createRules(arns);
  return async () => {
    for (const client of Object.values(from)) client.destroy();
    await eventbridge.stop();
    await tokens.close();
  };
});

/** API destinations, each with one of the three connections. */
async function createDestinations(tokenUrl: string): Promise<readonly string[]> {
  const connectionArns: (string | undefined)[] = [];
  for (const input of connections(tokenUrl))
    connectionArns.push((await from.events.send(new CreateConnectionCommand(input))).ConnectionArn);
  const arns: string[] = [];
  while (arns.length < destinationCount) {
    const { ApiDestinationArn = '' } = await from.events.send(
      new CreateApiDestinationCommand({
        Name: `destination-${arns.length}`,
        ConnectionArn: connectionArns[arns.length % 3],
        InvocationEndpoint: `${partner.origin}/destination-${arns.length}`,
        HttpMethod: 'POST',
      }),
    );
    arns.push(ApiDestinationArn);
  }
  return arns;
}

async function createRules([key, password, token, refunds, odd]: readonly string[]): Promise<void> {
  const settings = {
    InputTransformer: { InputPathsMap: { id: '$.detail.orderId' }, InputTemplate: '{"text": "1 < 2, order <id>"}' },
    RetryPolicy: { MaximumRetryAttempts: 3 },
  };
  const targets: Readonly<Record<string, readonly Target[]>> = {
    placed: [
      { Id: 'key', Arn: key, InputPath: '$.detail' },
      { Id: 'password', Arn: password, ...settings },
      { Id: 'token', Arn: token, HttpParameters: { HeaderParameters: { 'X-Order': '$.detail.orderId' } } },
      { Id: 'other-key', Arn: refunds },
      { Id: 'log', Arn: `arn:aws:logs:${region}:${account}:log-group:/aws/events/all` },
    ],
    refunded: [{ Id: 'refunds', Arn: refunds }],
    odd: [{ Id: 'odd', Arn: odd, InputTransformer: { InputTemplate: '{"text": "{{name}}"}' } }],
  };
  for (const [Name, Targets] of Object.entries(targets)) {
    await from.events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ 'detail-type': [Name] }) }));
    await from.events.send(new PutTargetsCommand({ Rule: Name, Targets: [...Targets] }));
    original.set(Name, await targetsOf(Name));
  }
}

async function targetsOf(Rule: string): Promise<string> {
  return JSON.stringify((await from.events.send(new ListTargetsByRuleCommand({ Rule }))).Targets);
}

const options = { stage: 'local', rules: [], copySecrets: true };
const address = () => ({ stage: 'local', aws: { region, endpoint: urls.lastmile, credentials } });
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** @param fails whether a call fails as if the connection had broken */
function ports(fails: (call: string) => boolean = () => false): AdoptPorts {
  const failing = (call: string): void => {
    if (fails(call)) throw new Error('socket hang up');
  };
  const ruleTargets = createRuleTargets(from.events);
  return {
    async controlApi(operation, input) {
      failing(`${operation} ${String(input['Name'] ?? input['ConnectionName'])}`);
      return await callControlApi(operation, input, address());
    },
    ruleTargets: {
      ...ruleTargets,
      async put(bus, rule, targets) {
        failing(`PutTargets ${rule}`);
        await ruleTargets.put(bus, rule, targets);
      },
    },
    readSecret: async (SecretId) =>
      (await from.secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '',
    clock: systemClock,
    say: (line) => shown.push(line),
  };
}

const applyWith = async (used: AdoptPorts, more: object = {}, source?: EventBridgeState) =>
  await runApply(used, source ?? (await readEventBridge(from.events)), {
    ...options,
    statePath,
    show: (plan) => shown.push(planText(plan), JSON.stringify(plan)),
    ...more,
  });

function runCommand(...args: readonly string[]): Promise<{ readonly status: number | null; readonly output: string }> {
  const file = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');
  const where = ['--eventbridge-url', urls.eventbridge, '--endpoint-url', urls.lastmile, '--region', region];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file, 'adopt', ...where, ...args], (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, output: stdout + stderr }),
    );
  });
}

/** Puts an event of this detail type, and carries what the rules send from one delivery queue to the other. */
async function putEvent(DetailType: string): Promise<void> {
  const Entries = [{ Source: 'shop', DetailType, Detail: '{"orderId":7}' }];
  await from.events.send(new PutEventsCommand({ Entries }));
}

async function carryMessages(count: number): Promise<void> {
  const queue = (url: string) => `${url}/${account}/lastmile-local-deliveries`;
  let carried = 0;
  await vi.waitFor(async () => {
    const QueueUrl = queue(urls.eventbridge);
    const { Messages = [] } = await from.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    for (const { Body, ReceiptHandle } of Messages) {
      await to.sqs.send(new SendMessageCommand({ QueueUrl: queue(urls.lastmile), MessageBody: Body }));
      await from.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      carried += 1;
    }
    expect(carried).toBe(count);
  }, patience);
}

// The tests follow each other: what one has changed, the next one finds.

test('a run that breaks off says what it has not done, and the state file has the targets from before', async () => {
  const fails = (call: string) => ['CreateConnection by-token', 'PutTargets placed'].includes(call);
  const { failed, skipped } = await applyWith(ports(fails));
  expect({ failed, skipped }).toStrictEqual({ failed: 2, skipped: destinationCount / 3 + 1 });
  expect(shown).toContain('FAILED    connection by-token: socket hang up');
  expect(shown).toContain(
    'not done  rule default/placed, target token: the API destination destination-2 is not there',
  );
  expect(await targetsOf('placed')).toBe(original.get('placed'));
  expect(await targetsOf('refunded')).not.toBe(original.get('refunded'));
  const { points } = JSON.parse(readFileSync(statePath, 'utf8')) as { points: { rule: string; before: Target }[] };
  const before = points.filter(({ rule }) => rule === 'placed').map((point) => point.before);
  const moved = (JSON.parse(original.get('placed') ?? '') as Target[]).filter(({ Id }) => Id !== 'log');
  expect(JSON.stringify(before)).toBe(JSON.stringify(moved));
  expect(statSync(statePath).mode & 0o777).toBe(0o600);
});

test('npm run adopt -- --apply does what is left, and a second --apply changes nothing', async () => {
  const { status, output } = await runCommand('--apply', '--copy-secrets', '--state', statePath);
  shown.push(output);
  expect(output).toContain('moved     rule default/placed, targets key, other-key, password, token');
  expect(output).toContain('leave    target odd: Its InputTemplate has a text in double braces');
  expect(status).toBe(0);
  const moved = await Promise.all(ruleNames.map(targetsOf));
  const { done, failed, skipped } = await applyWith(ports());
  expect({ done, failed, skipped }).toStrictEqual({ done: 0, failed: 0, skipped: 0 });
  expect(await Promise.all(ruleNames.map(targetsOf))).toStrictEqual(moved);
  expect(shown.at(-1)).toContain('"action":"present"');
  expect(await targetsOf('odd')).toBe(original.get('odd'));
});

test('the events of a moved rule arrive through Lastmile with their credentials and their settings', async () => {
  await putEvent('placed');
  await carryMessages(4);
  await vi.waitFor(() => expect(partner.requests).toHaveLength(4), patience);
  const request = (index: number) => partner.requests.find(({ path }) => path === `/destination-${index}`);
  expect(request(0)).toMatchObject({
    body: '{"orderId":7}',
    headers: { 'x-key': 'canary-key', 'x-partner': 'canary-header' },
  });
  const authorization = `Basic ${Buffer.from('me:canary-password').toString('base64')}`;
  expect(request(1)).toMatchObject({ body: '{"text": "1 < 2, order 7"}', headers: { authorization } });
  expect(request(2)).toMatchObject({
    headers: { authorization: expect.stringMatching(/^Bearer token-/), 'x-order': '7' },
  });
});

test('--undo gives the rules their targets back byte for byte, and a second --undo changes nothing', async () => {
  const source = { account, region };
  const fails = (call: string) => call === 'PutTargets placed';
  await expect(runUndo(ports(), source, { statePath, rules: ['plcaed'] })).rejects.toThrow('has no rule plcaed.');
  const broken = await runUndo(ports(fails), source, { statePath, rules: [] });
  expect(broken).toMatchObject({ done: 1, failed: 1 });
  const rest = await runUndo(ports(), source, { statePath, rules: [] });
  expect(rest).toMatchObject({ done: 1, failed: 0, skipped: 0 });
  expect(await Promise.all(ruleNames.map(targetsOf))).toStrictEqual(ruleNames.map((name) => original.get(name)));
  const again = await runUndo(
    ports(() => true),
    source,
    { statePath, rules: [] },
  );
  expect(again).toMatchObject({ done: 0, failed: 0, skipped: 0 });
});

test('a shadow endpoint gets the same requests without credentials, until --undo removes its targets', async () => {
  const source = await readEventBridge(from.events);
  const more = { shadow: `${partner.origin}/shadow`, copySecrets: false, rules: ['refunded'] };
  expect(await applyWith(ports(), more, source)).toMatchObject({ failed: 0, skipped: 0 });
  const targets = JSON.parse(await targetsOf('refunded')) as Target[];
  expect(targets.map(({ Id }) => Id).sort()).toStrictEqual(['refunds', 'refunds-lastmile-shadow']);
  await putEvent('refunded');
  await carryMessages(2);
  await vi.waitFor(() => expect(partner.requests.map(({ path }) => path)).toContain('/shadow/destination-3'), patience);
  const request = partner.requests.find(({ path }) => path === '/shadow/destination-3');
  expect(JSON.stringify(request)).not.toContain('canary');
  expect(await runUndo(ports(), source, { statePath, rules: [] })).toMatchObject({ failed: 0, skipped: 0 });
  expect(await targetsOf('refunded')).toBe(original.get('refunded'));
});

test('without --copy-secrets a connection policy names the secret, also after a run that ended before the policy', async () => {
  const secret = JSON.stringify({ api_key_name: 'x-key', api_key_value: 'canary-key' });
  const created = await to.secrets.send(
    new CreateSecretCommand({ Name: 'events!connection/named/1', SecretString: secret }),
  );
  // In AWS both stacks read the same Secrets Manager.
  const { ARN = '' } = created;
  const read = await readEventBridge(from.events);
  const named = (text: string) => text.replaceAll('by-key', 'named').replaceAll('destination-', 'named-');
  const source = JSON.parse(named(JSON.stringify(read))) as EventBridgeState;
  const withArn = {
    ...source,
    rules: [],
    connections: source.connections.map((connection) => ({ ...connection, secretArn: ARN })),
    destinations: source.destinations.slice(0, 1),
  };
  const more = { copySecrets: false };
  const broken = await applyWith(
    ports((call) => call === 'PutConnectionPolicy named'),
    more,
    withArn,
  );
  expect(broken).toMatchObject({ failed: 1, skipped: 1 });
  expect(await applyWith(ports(), more, withArn)).toMatchObject({ done: 2, failed: 0, skipped: 0 });
  const policy = await callControlApi('GetConnectionPolicy', { ConnectionName: 'named' }, address());
  expect(policy).toMatchObject({ SecretArn: ARN });
});

test('no credential is in a plan, a template, the output or the state file', async () => {
  const source = await readEventBridge(from.events);
  const lastmile = await readStack(ports(), source);
  for (const copySecrets of [true, false]) {
    const plan = makePlan(source, lastmile, { ...options, copySecrets });
    shown.push(
      planText(plan),
      summary(plan),
      JSON.stringify([plan, cloudFormationOf(plan), terraformOf(plan, source)]),
    );
  }
  shown.push(readFileSync(statePath, 'utf8'));
  const everything = shown.join('\n');
  expect(everything).toContain('by-password');
  expect(canaries.filter((canary) => everything.includes(canary))).toStrictEqual([]);
});
