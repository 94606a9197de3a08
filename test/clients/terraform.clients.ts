import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ListApiDestinationsCommand,
  ListConnectionsCommand,
  ListEventBusesCommand,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import { expect, test } from 'vitest';
import { emptyLastmile } from '../../lib/adopt/descriptions.ts';
import { makePlan } from '../../lib/adopt/plan.ts';
import { terraformOf } from '../../lib/adopt/terraform.ts';
import type { Stack } from '../../lib/local/stack/stack.ts';
import { Growing } from '../integration/bus/bus-story.ts';
import type { Clients } from '../fixtures/clients.ts';
import { sharedStack } from '../fixtures/stack.ts';
import type { RecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { variedEventBridge } from '../unit/adopt/adopt-story.ts';
import { run } from './client-processes.ts';
import { providerMirror } from './require-clients.ts';

const repository = join(import.meta.dirname, '..', '..');
const arrivals = new Growing<string>();
let stack: Stack;
let endpoint: RecordingEndpoint;
let folder: string;
let clients: Clients;

sharedStack.override('answer', () => ({ path }) => {
  arrivals.push(path);
  return undefined;
});

sharedStack.beforeAll(({ stack: startedStack, endpoint: startedEndpoint, folder: made, clients: opened }) => {
  [stack, endpoint, folder, clients] = [startedStack, startedEndpoint, made, opened];
  copyFileSync(join(import.meta.dirname, 'terraform', 'main.tf'), join(folder, 'main.tf'));
});

/** The variables that the README exports. */
const exported = () => ({
  AWS_ENDPOINT_URL: stack.url,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
});

/** Runs one command of Terraform, and requires that it succeeds. */
async function terraform(variables: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  return await terraformIn(folder, variables, ...args);
}

async function terraformIn(
  cwd: string,
  variables: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    CHECKPOINT_DISABLE: '1',
    TF_CLI_ARGS: '-no-color',
    TF_INPUT: '0',
    TF_VAR_invocation_endpoint: `${endpoint.origin}/orders`,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...variables,
  };
  const { status, stdout, stderr } = await run('terraform', args, { cwd, env });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

/** The provider's settings in the guide, for a shell without the variables. */
function guideProvider(): string {
  const guide = readFileSync(join(repository, 'docs/guide/local-stack.md'), 'utf8');
  const [, block] = /```hcl\n([^]*?)```/.exec(guide) ?? [];
  if (block === undefined) throw new Error('The guide has no block of HCL.');
  return block.replaceAll('http://127.0.0.1:4010', stack.url);
}

// Each command starts AWS's provider, which takes seconds.
test('terraform apply creates a destination and a rule that deliver, a plan then finds nothing to do, and destroy removes all', async () => {
  await terraform({}, 'init', `-plugin-dir=${providerMirror}`);
  expect(await terraform(exported(), 'apply', '-auto-approve')).toContain(
    'Resources: 5 added, 0 changed, 0 destroyed.',
  );

  const entry = { EventBusName: 'shop', Source: 'com.example', DetailType: 'Order Placed', Detail: '{"order": 7}' };
  await clients.events.send(new PutEventsCommand({ Entries: [entry] }));
  await arrivals.count(1);
  expect(endpoint.requests).toMatchObject([
    { method: 'POST', path: '/orders', headers: { 'x-api-key': 'opensesame' } },
  ]);

  writeFileSync(join(folder, 'provider.tf'), guideProvider());
  expect(await terraform({}, 'plan', '-detailed-exitcode')).toContain('No changes.');

  expect(await terraform({}, 'destroy', '-auto-approve')).toContain('5 destroyed.');
  const { Connections } = await clients.events.send(new ListConnectionsCommand({}));
  const { ApiDestinations } = await clients.events.send(new ListApiDestinationsCommand({}));
  const { EventBuses = [] } = await clients.events.send(new ListEventBusesCommand({}));
  expect([Connections, ApiDestinations, EventBuses.map(({ Name }) => Name)]).toEqual([[], [], ['default']]);
}, 300_000);

test('the module of infra/terraform sends the events of a rule to an endpoint, and plan, change and destroy work', async () => {
  cpSync(join(repository, 'infra', 'terraform'), join(folder, 'module'), { recursive: true });
  const example = join(folder, 'module', 'example');
  const variables = {
    ...exported(),
    TF_VAR_region: 'us-east-1',
    TF_VAR_control_api_url: stack.url,
    TF_VAR_control_api_key: 'a-key-of-the-local-stack',
    TF_VAR_delivery_queue_arn: 'arn:aws:sqs:us-east-1:123456789012:lastmile-local-deliveries',
    TF_VAR_partner_key: 'opensesame',
    TF_VAR_partner_endpoint: `${endpoint.origin}/module`,
  };
  await terraformIn(example, variables, 'init', `-plugin-dir=${providerMirror}`);
  expect(await terraformIn(example, variables, 'apply', '-auto-approve')).toContain('Resources: 4 added');

  const before = endpoint.requests.length;
  const entry = { Source: 'com.example', DetailType: 'Order Placed', Detail: '{"order": 7}' };
  await clients.events.send(new PutEventsCommand({ Entries: [entry] }));
  await arrivals.count(before + 1);
  const request = endpoint.requests.at(-1);
  expect(request).toMatchObject({ method: 'POST', path: '/module', headers: { 'x-api-key': 'opensesame' } });
  expect(String(request?.body)).toBe('{"number": 7}');

  expect(await terraformIn(example, variables, 'plan', '-detailed-exitcode')).toContain('No changes.');
  const changed = { ...variables, TF_VAR_rate: '20' };
  expect(await terraformIn(example, changed, 'apply', '-auto-approve')).toContain('0 added, 1 changed, 0 destroyed.');
  expect(await terraformIn(example, changed, 'destroy', '-auto-approve')).toContain('4 destroyed.');
}, 300_000);

test('terraform validate accepts the Terraform version of a plan of adopt', async () => {
  const plan = makePlan(variedEventBridge, emptyLastmile, { stage: 'prod', rules: [], copySecrets: false });
  const adopted = join(folder, 'adopted');
  mkdirSync(adopted);
  writeFileSync(join(adopted, 'lastmile.tf.json'), JSON.stringify(terraformOf(plan, variedEventBridge)));
  await terraformIn(adopted, {}, 'init', `-plugin-dir=${providerMirror}`);
  expect(await terraformIn(adopted, {}, 'validate')).toContain('The configuration is valid.');
}, 300_000);
