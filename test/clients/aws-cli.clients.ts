import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Stack } from '../../lib/local/stack/stack.ts';
import { sharedStack } from '../fixtures/stack.ts';
import { startTokenEndpoint, type TokenEndpoint } from '../servers/oauth/oauth-token-endpoint.ts';
import type { RecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { type AwsCli, startAwsCli } from './client-processes.ts';

let stack: Stack;
let cli: AwsCli;
let endpoint: RecordingEndpoint;
let tokenEndpoint: TokenEndpoint;
let folder: string;

sharedStack.beforeAll(async ({ stack: startedStack, endpoint: startedEndpoint, folder: made }) => {
  [stack, endpoint, folder] = [startedStack, startedEndpoint, made];
  cli = startAwsCli(stack.url);
  tokenEndpoint = await startTokenEndpoint(() => ({ status: 400, body: { error: 'invalid_client' } }));
});

afterAll(async () => {
  await cli.close();
  await tokenEndpoint.close();
});

const aws = (...args: readonly string[]) => cli.run(args);
const events = (...args: readonly string[]) => aws('events', ...args);

/** The output of a command that must succeed. */
async function done(ended: Promise<{ status: number; stderr: string; json: unknown }>): Promise<unknown> {
  const { status, stderr, json } = await ended;
  expect([status, stderr]).toEqual([0, '']);
  return json;
}

/** Polls until the connection is no longer being authorized. */
async function deauthorized(name: string): Promise<{ readonly StateReason: string; readonly SecretArn: string }> {
  for (;;) {
    const { ConnectionState, ...described } = (await done(events('describe-connection', '--name', name))) as {
      readonly ConnectionState: string;
      readonly StateReason: string;
      readonly SecretArn: string;
    };
    if (ConnectionState === 'DEAUTHORIZED') return described;
  }
}

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
const apiKey = 'ApiKeyAuthParameters={ApiKeyName=x-key,ApiKeyValue=opensesame}';

describe('the AWS CLI', () => {
  test('the AWS CLI creates, updates and deletes a connection and a destination', async () => {
    const created = await done(
      events('create-connection', '--name', 'shop', '--authorization-type', 'API_KEY', '--auth-parameters', apiKey),
    );
    expect(created).toMatchObject({ ConnectionState: 'AUTHORIZED', CreationTime: isoTime, LastModifiedTime: isoTime });
    const { ConnectionArn } = created as { ConnectionArn: string };
    const destination = ['--name', 'orders', '--http-method', 'POST'];
    const where = ['--connection-arn', ConnectionArn, '--invocation-endpoint', `${endpoint.origin}/orders`];
    await done(events('create-api-destination', ...destination, ...where));
    const update = [
      '--name',
      'orders',
      '--description',
      'Zoë’s "orders" & <more>',
      '--invocation-rate-limit-per-second',
    ];
    await done(events('update-api-destination', ...update, '9'));
    expect(await done(events('describe-api-destination', '--name', 'orders'))).toMatchObject({
      ApiDestinationState: 'ACTIVE',
      Description: 'Zoë’s "orders" & <more>',
      InvocationRateLimitPerSecond: 9,
    });
    expect(
      await done(events('list-api-destinations', '--connection-arn', ConnectionArn, '--limit', '1')),
    ).toMatchObject({
      ApiDestinations: [{ Name: 'orders', ConnectionArn }],
    });
    expect(await done(events('deauthorize-connection', '--name', 'shop'))).toMatchObject({
      ConnectionState: 'DEAUTHORIZING',
    });
    expect(
      await done(events('list-connections', '--name-prefix', 'sh', '--connection-state', 'DEAUTHORIZED')),
    ).toMatchObject({
      Connections: [{ Name: 'shop', AuthorizationType: 'API_KEY' }],
    });
    await done(events('update-connection', '--name', 'shop', '--auth-parameters', apiKey));
    await done(events('delete-api-destination', '--name', 'orders'));
    expect(await done(events('delete-connection', '--name', 'shop'))).toMatchObject({ ConnectionState: 'DELETING' });
    const { status, stderr } = await events('describe-connection', '--name', 'shop');
    expect(status).toBe(254);
    expect(stderr.trim()).toBe(
      'An error occurred (ResourceNotFoundException) when calling the DescribeConnection operation: ' +
        "Failed to describe the connection(s). Connection 'shop' does not exist.",
    );
  });

  test('the AWS CLI shows that an OAuth connection is DEAUTHORIZED, with the reason', async () => {
    const OAuthParameters = {
      ClientParameters: { ClientID: 'jo "quoted" ünï', ClientSecret: 'sécret \\ "1" $x' },
      AuthorizationEndpoint: tokenEndpoint.url,
      HttpMethod: 'PUT',
    };
    const oauth = ['--name', 'oauth', '--authorization-type', 'OAUTH_CLIENT_CREDENTIALS'];
    await done(events('create-connection', ...oauth, '--auth-parameters', JSON.stringify({ OAuthParameters })));
    const { StateReason, SecretArn } = await deauthorized('oauth');
    expect(StateReason).toContain('400');
    expect(new URLSearchParams(tokenEndpoint.requests[0]?.body).get('client_id')).toBe('jo "quoted" ünï');
    const get = ['get-secret-value', '--secret-id', SecretArn, '--query', 'SecretString'];
    const { stdout } = await aws('secretsmanager', ...get);
    expect(JSON.parse(JSON.parse(stdout))).toMatchObject({
      client_id: 'jo "quoted" ünï',
      client_secret: 'sécret \\ "1" $x',
    });
  });

  test('the AWS CLI invokes a function and finds its dead letter in the queue', async () => {
    const answer = join(folder, 'answer.json');
    const payload = join(folder, 'payload.json');
    writeFileSync(payload, '{"apiDestination":"nowhere","event":{"id":"e-1","text":"ü 😀 \\" <&>"}}');
    const invoke = ['invoke', '--function-name', 'deliver', '--cli-binary-format', 'raw-in-base64-out'];
    expect(await done(aws('lambda', ...invoke, '--payload', `file://${payload}`, answer))).toEqual({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
    });
    expect(JSON.parse(readFileSync(answer, 'utf8'))).toMatchObject({
      outcome: 'dead-lettered',
      code: 'ApiDestinationNotFound',
    });
    const QueueUrl = `${stack.url}/123456789012/lastmile-local-dead-letters`;
    const receive = ['receive-message', '--queue-url', QueueUrl, '--message-attribute-names', 'All'];
    const received = (await done(aws('sqs', ...receive))) as { Messages: readonly { Body: string }[] };
    expect(received).toMatchObject({
      Messages: [{ MessageAttributes: { ERROR_CODE: { StringValue: 'NO_RESOURCE', DataType: 'String' } } }],
    });
    expect(JSON.parse(received.Messages[0]?.Body ?? '')).toEqual({ id: 'e-1', text: 'ü 😀 " <&>' });
    expect(await aws('sqs', ...receive)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('the AWS CLI reads the table, creates a queue and sends messages to it', async () => {
    const key = '{"pk":{"S":"CONNECTION"},"sk":{"S":"nowhere"}}';
    const get = ['get-item', '--table-name', 'lastmile-local', '--key', key];
    expect(await aws('dynamodb', ...get)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const { QueueUrl } = (await done(aws('sqs', 'create-queue', '--queue-name', 'mine'))) as {
      QueueUrl: string;
    };
    const attributes =
      '{"bytes":{"DataType":"Binary","BinaryValue":"AP8="},"text":{"DataType":"String","StringValue":"ü"}}';
    const send = ['send-message', '--queue-url', QueueUrl, '--message-body', 'ü & "x"', '--message-attributes'];
    expect(await done(aws('sqs', ...send, attributes))).toMatchObject({
      MD5OfMessageBody: expect.any(String),
    });
    const count = ['get-queue-attributes', '--queue-url', QueueUrl, '--attribute-names', 'ApproximateNumberOfMessages'];
    expect(await done(aws('sqs', ...count))).toEqual({ Attributes: { ApproximateNumberOfMessages: '1' } });
    expect(await done(aws('sqs', 'list-queues', '--queue-name-prefix', 'mi'))).toEqual({
      QueueUrls: [QueueUrl],
    });
    const { status, stderr } = await aws('sqs', 'purge-queue', '--queue-url', `${QueueUrl}-not`);
    expect(status).toBe(254);
    expect(stderr).toContain('(AWS.SimpleQueueService.NonExistentQueue)');
  });
});
