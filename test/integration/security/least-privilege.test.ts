import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AuthorizedCall, Statement } from '../../policies/evaluate.ts';
import { grantsOf, isAllowed, needlessGrants } from '../../policies/evaluate.ts';
import type { RoleParameters } from '../../policies/roles.ts';
import { deployedStatements, rolesOf } from '../../policies/roles.ts';
import { declare, manage, redrive } from './least-privilege-calls.ts';
import { deliver } from './least-privilege-deliveries.ts';
import type { PrivilegeStory } from './least-privilege-story.ts';
import { account, region, sharedPrivilege, teamQueueArn } from './least-privilege-story.ts';

/*
 * Compares the deployed roles with the calls to AWS that were recorded while the functions did everything that they can do.
 * The roles must allow every recorded call, and nothing else.
 */

const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
const bucketArn = 'arn:aws:s3:::failed-invocations';
const teamSecretArn = arn('secretsmanager', 'secret:team/*');
const rootSecretArn = arn('secretsmanager', 'secret:lastmile/local/root-AbCdEf');

const roleIds = {
  deliver: 'DeliverRole',
  'deliver-queued': 'DeliverQueuedRole',
  'control-api': 'ControlApiRole',
  'authorize-connection': 'AuthorizeConnectionRole',
  redrive: 'RedriveRole',
  resources: 'ResourcesRole',
} as const;
type FunctionName = keyof typeof roleIds;
const functionNames = Object.keys(roleIds) as FunctionName[];

const logging = (name: string) =>
  ['CreateLogStream', 'PutLogEvents'].map(
    (action) => `logs:${action} ${arn('logs', `log-group:/aws/lambda/lastmile-local-${name}:*`)}`,
  );
const failedInvocations = [`s3:PutObject ${bucketArn}/*`, `s3:ListBucket ${bucketArn}`];
const orderedQueueArn = arn('sqs', 'lastmile-local-ordered-deliveries.fifo');
const polling = ['ReceiveMessage', 'GetQueueAttributes'].flatMap((action) =>
  [arn('sqs', 'lastmile-local-deliveries'), orderedQueueArn].map((queueArn) => `sqs:${action} ${queueArn}`),
);

/** Lambda deletes the messages of the FIFO queue. The function does so too, but only if later ones of the group take long. */
const notAlwaysRecorded = `sqs:DeleteMessage ${orderedQueueArn}`;

/**
 * Calls that the Lambda service itself makes with a function's role. They are not recorded: writing the log, writing the
 * record of a failed asynchronous invocation, and reading from the event sources.
 */
const usedByNoCall: Readonly<Record<FunctionName, readonly string[]>> = {
  deliver: [...failedInvocations, ...logging('deliver')],
  'deliver-queued': [...polling, ...logging('deliver-queued')],
  'control-api': logging('control-api'),
  'authorize-connection': [...failedInvocations, ...logging('authorize-connection')],
  redrive: logging('redrive'),
  resources: logging('resources'),
};

function statementsFor(name: FunctionName, parameters: Partial<RoleParameters> = {}): readonly Statement[] {
  const named = {
    deadLetterQueueArns: [teamQueueArn],
    secretArns: [teamSecretArn],
    stateEventsBusName: 'states',
    orderedDeliveries: true,
  };
  const roles = rolesOf('lastmile-local', { ...named, ...parameters });
  const references = { RootSecret: rootSecretArn, 'FailedInvocations.Arn': bucketArn };
  return deployedStatements(roles, roleIds[name], { region, account, references });
}

let story: PrivilegeStory;
const callsOf = (name: FunctionName): readonly AuthorizedCall[] => story.recorder.calls.get(name) ?? [];
const deniedTo = (name: FunctionName, statements: readonly Statement[]) =>
  callsOf(name).filter((call) => !isAllowed(statements, call));

sharedPrivilege.beforeAll(async ({ story: told }) => {
  story = told;
  await manage(story);
  await deliver(story, 'deliver');
  await deliver(story, 'deliver-queued');
  await redrive(story);
  await declare(story);
});

test('every recorded AWS request belongs to a known function and a known permission', () => {
  expect(story.recorder.faults).toEqual([]);
  expect([...story.recorder.calls.keys()].toSorted()).toEqual(functionNames.toSorted());
});

test('the recorded AWS requests include every AWS operation of the adapters, except those that commands run with the credentials of a person', () => {
  const folder = new URL('../../../lib/adapters/', import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('logs-insights'))
    .map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const known = new Set(sources.join('\n').match(/(?<=new )[A-Z]\w+(?=Command\()/g));
  expect(known.size).toBeGreaterThan(10);
  expect([...known].filter((operation) => !story.recorder.operations.has(operation))).toEqual([]);
});

describe.each(functionNames)('%s', (name) => {
  test(`the role of ${name} allows every call that the function makes`, () => {
    expect(deniedTo(name, statementsFor(name))).toEqual([]);
  });

  test(`the role of ${name} allows nothing unnecessary except the listed permissions`, () => {
    const needless = needlessGrants(grantsOf(statementsFor(name)), callsOf(name)).map(({ text }) => text);
    expect(needless.filter((text) => text !== notAlwaysRecorded)).toEqual(usedByNoCall[name]);
  });
});

test('the roles use wildcards only for the listed resources and keys', () => {
  const patterns = functionNames.flatMap((name) =>
    grantsOf(statementsFor(name)).flatMap(({ statement: { Resource, Condition } }) => [
      ...Resource,
      ...Object.values(Condition ?? {}).flatMap((keys) => Object.values(keys).flat()),
    ]),
  );
  expect([...new Set(patterns)].filter((pattern) => /[*?]/.test(pattern)).toSorted()).toEqual(
    [
      'ORDERED#*',
      'RATE#*',
      'TOKEN#*',
      `${bucketArn}/*`,
      arn('secretsmanager', 'secret:lastmile/local/connection/*'),
      arn('secretsmanager', 'secret:lastmile/local/api-key/*'),
      teamSecretArn,
      ...functionNames.map((name) => arn('logs', `log-group:/aws/lambda/lastmile-local-${name}:*`)),
    ].toSorted(),
  );
});

const table = arn('dynamodb', 'table/lastmile-local');
const secretOf = (secret: string) => arn('secretsmanager', `secret:${secret}-AbCdEf`);
const call = (action: string, resource: string, ...leadingKeys: string[]): AuthorizedCall => ({
  action,
  resources: [resource],
  ...(leadingKeys.length > 0 && { leadingKeys }),
});

test.each<[FunctionName, string, AuthorizedCall]>([
  ['deliver', 'delete a connection', call('dynamodb:DeleteItem', table, 'CONNECTION')],
  ['deliver', 'change an API destination', call('dynamodb:UpdateItem', table, 'API_DESTINATION')],
  ['deliver', 'read an API key', call('dynamodb:GetItem', table, 'API_KEY#control')],
  [
    'deliver',
    'read an API key in one batch with a connection',
    call('dynamodb:GetItem', table, 'CONNECTION', 'API_KEY#control'),
  ],
  ['deliver', 'read the table of another stage', call('dynamodb:GetItem', `${table}2`, 'CONNECTION')],
  ['deliver', "read another stage's secrets", call('secretsmanager:GetSecretValue', secretOf('lastmile/prod/root'))],
  [
    'deliver',
    'receive messages from the delivery queue',
    call('sqs:ReceiveMessage', arn('sqs', 'lastmile-local-deliveries')),
  ],
  ['deliver', 'receive messages from the FIFO queue', call('sqs:ReceiveMessage', orderedQueueArn)],
  ['deliver-queued', 'purge the FIFO queue', call('sqs:PurgeQueue', orderedQueueArn)],
  ['control-api', 'send messages to the FIFO queue', call('sqs:SendMessage', orderedQueueArn)],
  ['deliver-queued', 'change a secret', call('secretsmanager:PutSecretValue', secretOf('lastmile/local/connection/a'))],
  [
    'deliver-queued',
    'send messages to an unknown queue',
    call('sqs:SendMessage', arn('sqs', 'lastmile-local-deliveries-2')),
  ],
  ['control-api', 'read a token', call('dynamodb:GetItem', table, 'TOKEN#1')],
  ['control-api', 'change the root secret', call('secretsmanager:PutSecretValue', rootSecretArn)],
  [
    'control-api',
    'invoke the function deliver',
    call('lambda:InvokeFunction', arn('lambda', 'function:lastmile-local-deliver')),
  ],
  [
    'control-api',
    'receive messages from the delivery queue',
    call('sqs:ReceiveMessage', arn('sqs', 'lastmile-local-deliveries')),
  ],
  ['control-api', 'purge the dead letters', call('sqs:PurgeQueue', arn('sqs', 'lastmile-local-dead-letters'))],
  ['control-api', 'put events on another bus', call('events:PutEvents', arn('events', 'event-bus/other'))],
  ['authorize-connection', 'read an API destination', call('dynamodb:GetItem', table, 'API_DESTINATION')],
  [
    'authorize-connection',
    'send messages to the delivery queue',
    call('sqs:SendMessage', arn('sqs', 'lastmile-local-deliveries')),
  ],
  ['redrive', 'read the table', call('dynamodb:GetItem', table, 'CONNECTION')],
  [
    'redrive',
    'delete messages from the delivery queue',
    call('sqs:DeleteMessage', arn('sqs', 'lastmile-local-deliveries')),
  ],
])('%s may not %s', (name, _, refused) => {
  expect(isAllowed(statementsFor(name), refused)).toBe(false);
});

describe.each(['deliver', 'deliver-queued'] as const)('%s', (name) => {
  test(`${name} may not use a team's dead-letter queue until a parameter names it`, () => {
    const denied = deniedTo(name, statementsFor(name, { deadLetterQueueArns: [] }));
    expect(denied).toEqual([call('sqs:SendMessage', teamQueueArn)]);
  });
});

test.each(['deliver', 'deliver-queued', 'control-api', 'authorize-connection'] as const)(
  "%s may not read a team's secrets until a parameter names them",
  (name) => {
    const denied = deniedTo(name, statementsFor(name, { secretArns: [] }));
    const signing = name.startsWith('deliver') ? [story.teamSecretArn] : [];
    expect(new Set(denied.map(({ action }) => action))).toEqual(new Set(['secretsmanager:GetSecretValue']));
    const resources = new Set(denied.flatMap((each) => each.resources));
    expect(resources).toEqual(new Set([...signing, story.credentialsArn]));
  },
);

test('the roles name the resources as the variables of a deployed stack do', () => {
  const variables = readFileSync(new URL('../../../infra/environment.yml', import.meta.url), 'utf8');
  const [, deployed = ''] = variables.split(/^deployed:$/m);
  const valueOf = (name: string) => {
    const [, value = ''] = new RegExp(`^ +${name}: (\\S+)$`, 'm').exec(deployed) ?? [];
    return value.replace('${sls:stage}', 'qa');
  };
  const roles = JSON.stringify(rolesOf('lastmile-qa'));
  expect(roles).toContain(`:table/${valueOf('TABLE_NAME')}"`);
  expect(roles).toContain(`:secret:${valueOf('SECRET_PREFIX')}*"`);
  expect(roles).toContain(`:function:${valueOf('AUTHORIZE_CONNECTION_FUNCTION')}"`);
});
