import { CreateApiDestinationCommand, CreateConnectionCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import type { Clients } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import { decoded } from './canary-story.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

let clients: Clients;
let endpoint: RecordingEndpoint;
const printed: string[] = [];

sharedStack.override('stackOptions', {
  output: { line: (text) => void printed.push(text), error: (text) => void printed.push(text) },
});

/** Refuses the event, and repeats the whole request in its answer. */
sharedStack.override('answer', () => ({ path, headers, body }) => ({
  status: 400,
  body: JSON.stringify({
    error: 'no such order',
    path,
    headers,
    body,
    again: encodeURIComponent(JSON.stringify(headers)),
    base64: Buffer.from(JSON.stringify({ path, headers, body })).toString('base64'),
  }),
}));

sharedStack.beforeAll(({ clients: opened, endpoint: started }) => {
  [clients, endpoint] = [opened, started];
});

const secrets = {
  password: 'pass/wörd+1',
  key: 'key-"quoted"-1',
  header: 'header-secret',
  query: 'query secret',
  body: 'body-secret',
};
const InvocationHttpParameters = {
  HeaderParameters: [{ Key: 'x-team', Value: secrets.header }],
  QueryStringParameters: [{ Key: 'q', Value: secrets.query }],
  BodyParameters: [{ Key: 'b', Value: secrets.body }],
};

test.each([
  ['API_KEY', { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: secrets.key } }],
  ['BASIC', { BasicAuthParameters: { Username: 'jo', Password: secrets.password } }],
] as const)(
  'the dead letter and the log line of a %s connection keep an answer that repeats the request, without its credentials',
  async (type, block) => {
    const Name = type.toLowerCase();
    const connection = { Name, AuthorizationType: type, AuthParameters: { ...block, InvocationHttpParameters } };
    const { ConnectionArn } = await clients.events.send(new CreateConnectionCommand(connection));
    const destination = {
      Name,
      ConnectionArn,
      InvocationEndpoint: `${endpoint.origin}/orders`,
      HttpMethod: 'POST',
    } as const;
    await clients.events.send(new CreateApiDestinationCommand(destination));
    const Payload = JSON.stringify({ apiDestination: Name, event: { id: Name, detail: {} } });
    const { Payload: concluded } = await clients.lambda.send(new InvokeCommand({ FunctionName: 'deliver', Payload }));
    const { QueueUrl } = await clients.sqs.send(new GetQueueUrlCommand({ QueueName: 'lastmile-local-dead-letters' }));
    const receive = { QueueUrl, MessageAttributeNames: ['All'], WaitTimeSeconds: 5 };
    const { Messages: [letter] = [] } = await clients.sqs.send(new ReceiveMessageCommand(receive));
    const answer = (JSON.parse(letter?.MessageAttributes?.['LASTMILE']?.StringValue ?? '{}') as { answer?: string })
      .answer;
    expect(answer).toContain('no such order');
    expect(JSON.parse(Buffer.from(concluded ?? []).toString())).toMatchObject({ answer });
    expect(answer).toContain('***');
    const sent = endpoint.requests.at(-1);
    const authorization = String(sent?.headers['authorization'] ?? 'none').replace('Basic ', '');
    const everything = [JSON.stringify(letter), Buffer.from(concluded ?? []).toString(), ...printed].join('\n');
    for (const secret of [...Object.values(secrets), authorization]) {
      for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
        expect(everything + decoded(everything)).not.toContain(form);
    }
  },
);
