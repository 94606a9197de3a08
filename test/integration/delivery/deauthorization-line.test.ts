import { CreateApiDestinationCommand, CreateConnectionCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expect, onTestFinished, test } from 'vitest';
import { startStack } from '../../../lib/local/stack/stack.ts';
import { startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

test('the local stack prints a line for a connection that a worker deauthorizes, and no metrics', async () => {
  const lines: string[] = [];
  const endpoint = await startRecordingEndpoint(() => ({ status: 401 }));
  const stack = await startStack({
    port: 0,
    environment: { UNAUTHORIZED_LIMIT: '1', STACK_NAME: 'seen-nowhere' },
    output: { line: (text) => lines.push(text), error: expect.fail },
  });
  const client = { region: 'us-east-1', endpoint: stack.url, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  const [events, lambda] = [new EventBridgeClient(client), new LambdaClient(client)];
  onTestFinished(async () => {
    events.destroy();
    lambda.destroy();
    await stack.stop();
    await endpoint.close();
  });
  const AuthParameters = { BasicAuthParameters: { Username: 'someone', Password: 'canary' } };
  const connection = { Name: 'shop', AuthorizationType: 'BASIC', AuthParameters } as const;
  const { ConnectionArn } = await events.send(new CreateConnectionCommand(connection));
  const destination = {
    Name: 'orders',
    ConnectionArn,
    InvocationEndpoint: endpoint.origin,
    HttpMethod: 'POST',
  } as const;
  await events.send(new CreateApiDestinationCommand(destination));

  const target = { RetryPolicy: { MaximumRetryAttempts: 0 } };
  const Payload = JSON.stringify({ apiDestination: 'orders', event: { id: 'e-1' }, target });
  await lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
  expect(lines).toEqual([
    expect.stringMatching(/^[0-9:.]{12} {2}deauthorized {2}connection shop$/),
    expect.stringMatching(/^[0-9:.]{12} {2}dead-lettered {2}orders {2}event e-1 /),
  ]);
});
