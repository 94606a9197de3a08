import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  UpdateApiDestinationCommand,
} from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createHandler, dependenciesFrom } from '../../../functions/control-api.ts';
import { createEmfMetrics } from '../../../lib/adapters/log/emf-metrics.ts';
import { createJsonLineCredentialsLog } from '../../../lib/adapters/log/json-lines.ts';
import type { LocalFunction } from '../../../lib/local/lambda/function-instances.ts';
import { deployedFunctions } from '../../../lib/local/lambda/function-instances.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { emfViolations, valuesOf } from '../../unit/adapters/log/emf-documents.ts';

/*
 * Allowed hosts in a whole stack that requires API keys. The endpoint has two hosts, 127.0.0.1 and localhost, and only one
 * of them is allowed.
 */

const documents: string[] = [];
const lines: string[] = [];
const printed: string[] = [];
let endpoint: RecordingEndpoint;
let stack: Stack;
let clients: Clients;
/** A client whose requests are signed with `key`. */
let events: Clients['events'];
let key: string;
let connectionArn: string | undefined;
let elsewhere: string;

/** The deployed function, with its log lines in memory. */
const controlApi = (deployed: LocalFunction): LocalFunction => ({
  ...deployed,
  async create({ environment, aws, authentication }) {
    const write = (line: string) => documents.push(line);
    const dependencies = dependenciesFrom(environment, aws, undefined, {
      credentialsLog: createJsonLineCredentialsLog((line) => lines.push(line)),
      metrics: createEmfMetrics({ write, nowMs: Date.now, stackName: 'lastmile-test', perDestination: false }),
    });
    return createHandler({ ...dependencies, authentication: authentication ?? dependencies.authentication });
  },
});

sharedStack.override('stackOptions', {
  auth: true,
  environment: { CACHE_SECONDS: '0' },
  functions: deployedFunctions().map((each) => (each.name === 'control-api' ? controlApi(each) : each)),
  output: { line: (text) => printed.push(text), error: expect.fail },
});

sharedStack.beforeAll(async ({ stack: startedStack, endpoint: startedEndpoint, clientsWith }) => {
  [stack, endpoint, clients] = [startedStack, startedEndpoint, clientsWith({ isOwner: true })];
  elsewhere = endpoint.origin.replace('127.0.0.1', 'localhost');
  const created = (await invoke('control-api', { operation: 'CreateApiKey', input: { apiId: 'control' } })) as {
    readonly output: { readonly apiKey: { readonly id: string } };
  };
  key = created.output.apiKey.id;
  events = clientsWith({ apiKey: key }).events;
  const AuthParameters = { BasicAuthParameters: { Username: 'someone', Password: 'canary' } };
  const connection = { Name: 'shop', AuthorizationType: 'BASIC', AuthParameters } as const;
  connectionArn = (await events.send(new CreateConnectionCommand(connection))).ConnectionArn;
});

beforeEach(() => {
  for (const written of [documents, lines, printed]) written.length = 0;
});

async function invoke(name: string, input: object): Promise<unknown> {
  const Payload = JSON.stringify(input);
  const answer = await clients.lambda.send(new InvokeCommand({ FunctionName: `lastmile-local-${name}`, Payload }));
  return JSON.parse(answer.Payload?.transformToString() ?? 'null');
}

const deliver = (apiDestination: string) =>
  invoke('deliver', { apiDestination, event: { id: apiDestination, detail: 'canary' } });

async function control(operation: string, input: object): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'x-api-key': key, 'x-amz-target': `Lastmile.${operation}` };
  const answer = await fetch(stack.url, { method: 'POST', headers, body: JSON.stringify(input) });
  return (await answer.json()) as Readonly<Record<string, unknown>>;
}

const create = (Name: string, InvocationEndpoint: string) =>
  events.send(
    new CreateApiDestinationCommand({ Name, ConnectionArn: connectionArn, InvocationEndpoint, HttpMethod: 'POST' }),
  );

const move = (Name: string, InvocationEndpoint: string) =>
  events.send(new UpdateApiDestinationCommand({ Name, InvocationEndpoint }));

/** Writes directly to the table, without the control API. */
async function overwriteEndpoint(name: string, url: string): Promise<void> {
  await clients.dynamoDb.send(
    new UpdateItemCommand({
      TableName: 'lastmile-local',
      Key: { pk: { S: 'API_DESTINATION' }, sk: { S: name } },
      UpdateExpression: 'SET invocationEndpoint = :url',
      ExpressionAttributeValues: { ':url': { S: url } },
    }),
  );
}

const securityEvents = () => valuesOf(documents, 'SecurityEvents');
const told = () => lines.map((line) => JSON.parse(line) as object);
const whose = () => ({ level: 'WARN', accessKeyId: key.slice(0, 14), requestId: expect.any(String) });

describe('a connection without allowed hosts', () => {
  test('moving an API destination to another host is logged when its connection has no allowed hosts', async () => {
    await create('moving', endpoint.origin);
    await move('moving', `${endpoint.origin}/path`);
    expect([lines, documents]).toEqual([[], []]);
    await move('moving', `${elsewhere}/there`);
    const hosts = { fromHost: '127.0.0.1', toHost: 'localhost' };
    const names = { apiDestination: 'moving', connection: 'shop' };
    expect(told()).toEqual([{ ...whose(), message: 'security.destination-moved', ...names, ...hosts }]);
    expect(lines.join() + documents.join()).not.toContain(key);
    expect([securityEvents(), documents.flatMap(emfViolations)]).toEqual([[1], []]);
    expect(await deliver('moving')).toMatchObject({ outcome: 'delivered' });
  });
});

describe('a connection with allowed hosts', () => {
  beforeAll(async () => {
    await create('before', elsewhere);
    await control('PutConnectionPolicy', { ConnectionName: 'shop', AllowedHosts: ['127.0.0.1'] });
  });

  test('API destinations of a connection with allowed hosts can only have endpoints on these hosts', async () => {
    await create('bound', endpoint.origin);
    const refusal = {
      name: 'ValidationException',
      message: expect.stringContaining(
        "Parameter InvocationEndpoint is not valid. Reason: The policy of connection 'shop' allows its credentials to go to " +
          "127.0.0.1, not to 'localhost'.",
      ),
    };
    await expect(create('stranger', elsewhere)).rejects.toMatchObject(refusal);
    await expect(move('bound', elsewhere)).rejects.toMatchObject(refusal);
    const message = 'security.destination-refused';
    expect(told()).toEqual([
      { ...whose(), message, apiDestination: 'stranger', connection: 'shop' },
      { ...whose(), message, apiDestination: 'bound', connection: 'shop' },
    ]);
    expect(securityEvents()).toEqual([1, 1]);
    expect(await deliver('bound')).toMatchObject({ outcome: 'delivered' });
  });

  test('nothing is sent to a host that is not allowed, even when the table was changed directly', async () => {
    await create('tampered', endpoint.origin);
    await overwriteEndpoint('tampered', elsewhere);
    const asked = endpoint.requests.length;
    for (const name of ['before', 'tampered']) {
      const reason = "The policy of connection 'shop' does not allow its credentials to go to host 'localhost'.";
      expect(await deliver(name)).toMatchObject({ outcome: 'dead-lettered', code: 'HostNotAllowed', reason });
    }
    expect(endpoint.requests).toHaveLength(asked);
    await overwriteEndpoint('tampered', endpoint.origin);
    expect(await deliver('tampered')).toMatchObject({ outcome: 'delivered' });
  });

  test('simultaneous changes of a connection policy succeed or fail with ConcurrentModificationException', async () => {
    const put = (host: string) =>
      control('PutConnectionPolicy', { ConnectionName: 'shop', AllowedHosts: ['127.0.0.1', host] });
    const answers = await Promise.all(['a.example', 'b.example', 'c.example'].map(put));
    const won = answers.filter((answer) => 'AllowedHosts' in answer);
    expect(won.length).toBeGreaterThan(0);
    for (const answer of answers.filter((each) => !won.includes(each))) {
      expect(answer).toMatchObject({ __type: 'ConcurrentModificationException' });
    }
    // Each successful change allowed a host that the policy before it did not allow, so each one is logged.
    expect(lines).toHaveLength(won.length);
    const { AllowedHosts } = await control('GetConnectionPolicy', { ConnectionName: 'shop' });
    expect(won.map((answer) => answer['AllowedHosts'])).toContainEqual(AllowedHosts);
  });

  test('removing the allowed hosts of a connection is logged and allows every host', async () => {
    await control('DeleteConnectionPolicy', { ConnectionName: 'shop' });
    expect(told()).toEqual([{ ...whose(), message: 'security.hosts-loosened', connection: 'shop', hosts: 'any' }]);
    expect(await deliver('before')).toMatchObject({ outcome: 'delivered' });
  });
});
