import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { endpointOf } from '../../../lib/adapters/aws/service-settings.ts';

const stopped = new Error('The request is not sent.');
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

interface Called {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

function setVariables(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    onTestFinished(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

/** Where the client itself sends this command, and for which region it signs it. */
async function calledBy(client: DynamoDBClient | SQSClient, command: GetItemCommand | SendMessageBatchCommand) {
  let called: Called | undefined;
  const note = async (given: { readonly request: unknown }): Promise<never> => {
    called = given.request as Called;
    throw stopped;
  };
  const { middlewareStack } = client as {
    middlewareStack: { add(middleware: () => typeof note, options: object): void };
  };
  middlewareStack.add(() => note, { step: 'finalizeRequest', priority: 'low' });
  const send = client.send.bind(client) as (given: object) => Promise<unknown>;
  await expect(send(command)).rejects.toThrow(stopped.message);
  if (called === undefined) throw new Error('The client has called nothing.');
  const { protocol, hostname, port, path, headers } = called;
  const [, signingRegion] = /Credential=[^/]+\/[0-9]+\/([^/]+)/.exec(headers['authorization'] ?? '') ?? [];
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  return { origin: `${protocol}//${host}`, host, path, signingRegion };
}

type Settings = ConstructorParameters<typeof DynamoDBClient>[0];

test.each<[what: string, settings: Settings, variables: Record<string, string>, origin: string, TableName?: string]>([
  ['nothing else', {}, {}, 'https://dynamodb.eu-west-1.amazonaws.com'],
  ['a region in China', { region: 'cn-north-1' }, {}, 'https://dynamodb.cn-north-1.amazonaws.com.cn'],
  ['the region `local`', { region: 'local' }, {}, 'http://localhost:8000'],
  ['FIPS', {}, { AWS_USE_FIPS_ENDPOINT: 'true' }, 'https://dynamodb-fips.eu-west-1.amazonaws.com'],
  ['dual-stack', {}, { AWS_USE_DUALSTACK_ENDPOINT: 'true' }, 'https://dynamodb.eu-west-1.api.aws'],
  ['AWS_ENDPOINT_URL', {}, { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' }, 'http://127.0.0.1:4566'],
  ['its own URL', {}, { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_DYNAMODB: 'http://b:1/in/here' }, 'http://b:1'],
  [
    'ignored URLs',
    {},
    { AWS_ENDPOINT_URL: 'http://a', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
    'https://dynamodb.eu-west-1.amazonaws.com',
  ],
  [
    'a given endpoint',
    { endpoint: 'https://vpce-1.amazonaws.com:8443/x' },
    { AWS_ENDPOINT_URL: 'http://a' },
    'https://vpce-1.amazonaws.com:8443',
  ],
  [
    'an account in the credentials',
    { credentials: { ...credentials, accountId: '123456789012' } },
    {},
    'https://123456789012.ddb.eu-west-1.amazonaws.com',
  ],
  [
    'the ARN of a table',
    {},
    {},
    'https://210987654321.ddb.eu-west-1.amazonaws.com',
    'arn:aws:dynamodb:eu-west-1:210987654321:table/state',
  ],
])(
  'with %s, signed calls go where the client for DynamoDB sends its requests',
  async (_what, settings, variables, origin, TableName = 'state') => {
    setVariables({ AWS_ENDPOINT_URL: '', ...variables });
    const client = new DynamoDBClient({ region: 'eu-west-1', credentials, ...settings });
    const { accountId } = await client.config.credentials();
    const endpoint = await endpointOf(client.config, accountId, TableName);
    const called = await calledBy(client, new GetItemCommand({ TableName, Key: { pk: { S: 'a' } } }));
    expect(endpoint).toEqual(called);
    expect(endpoint.origin).toBe(origin);
  },
);

test.each<[what: string, variables: Record<string, string>, origin: string]>([
  ['nothing else', {}, 'https://sqs.eu-west-1.amazonaws.com'],
  [
    'FIPS and dual-stack',
    { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    'https://sqs-fips.eu-west-1.api.aws',
  ],
  [
    'AWS_ENDPOINT_URL_SQS',
    { AWS_ENDPOINT_URL_SQS: 'https://vpce-1-sqs.amazonaws.com' },
    'https://vpce-1-sqs.amazonaws.com',
  ],
])('with %s, signed calls go where the client for SQS sends its requests', async (_what, variables, origin) => {
  setVariables({ AWS_ENDPOINT_URL: '', ...variables });
  const client = new SQSClient({ region: 'eu-west-1', credentials, useQueueUrlAsEndpoint: false });
  const endpoint = await endpointOf(client.config, undefined, undefined);
  const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/deliveries';
  expect(endpoint).toEqual(await calledBy(client, new SendMessageBatchCommand({ QueueUrl, Entries: [] })));
  expect(endpoint.origin).toBe(origin);
});
