import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import { useSqs } from './sqs-subjects.ts';

const own = useSqs();
const queueUrl = 'https://sqs.us-east-1.amazonaws.com/123456789012/lastmile-prod-deliveries';
const stopped = new Error('The request is not sent.');

/** The host that the client would call for this queue, as its configuration and its environment say. */
async function hostCalled(variables: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    onTestFinished(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
  const client = createSqsClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'thing' },
  });
  onTestFinished(() => client.destroy());
  let host = '';
  client.middlewareStack.add(
    () => async (given) => {
      ({ hostname: host } = given.request as { readonly hostname: string });
      throw stopped;
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  const sent = client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: '{}' }));
  await expect(sent).rejects.toThrow(stopped.message);
  return host;
}

test('a call to SQS goes to the configured endpoint even if the URL of the queue names another address', async () => {
  const client = own.client();
  onTestFinished(() => client.destroy());
  const queue = await own.server.newQueue();
  const QueueUrl = queue.url.replace(/^http:\/\/[^/]+/, 'https://sqs.us-east-1.amazonaws.com');
  const { MessageId } = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
  expect(await queue.receiveAll()).toMatchObject([{ MessageId }]);
});

test.each([
  [
    { AWS_ENDPOINT_URL_SQS: 'https://vpce-1-sqs.us-east-1.vpce.amazonaws.com' },
    'vpce-1-sqs.us-east-1.vpce.amazonaws.com',
  ],
  [{ AWS_ENDPOINT_URL: '', AWS_USE_FIPS_ENDPOINT: 'true' }, 'sqs-fips.us-east-1.amazonaws.com'],
  [{ AWS_ENDPOINT_URL: '' }, 'sqs.us-east-1.amazonaws.com'],
])('with %j in the environment, calls for a queue go to %s', async (variables, host) => {
  expect(await hostCalled(variables)).toBe(host);
});
