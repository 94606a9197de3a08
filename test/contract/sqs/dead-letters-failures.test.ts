import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import { createSqsDeadLetters } from '../../../lib/adapters/sqs/dead-letters.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** SQS that gives the same answer to every call. */
async function answering(status: number, answer: object) {
  const calls: { readonly operation: unknown; readonly input: Record<string, unknown> }[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    calls.push({ operation: incoming.headers['x-amz-target'], input: JSON.parse(Buffer.concat(chunks).toString()) });
    outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const sqs = createSqsClient({ region: 'us-east-1', endpoint, credentials });
  return { calls, deadLetters: createSqsDeadLetters(sqs, `${endpoint}/123456789012/dead-letters`, systemClock) };
}

test('reading dead letters ends after two empty long polls in a row', async () => {
  const { calls, deadLetters } = await answering(200, {});
  expect(await deadLetters.receive(90_500)).toEqual([]);
  const poll = { MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: 91, MessageAttributeNames: ['All'] };
  expect(calls.map(({ input }) => input)).toEqual([expect.objectContaining(poll), expect.objectContaining(poll)]);
});

test('a dead letter is hidden for at most 12 hours, the maximum of SQS', async () => {
  const { calls, deadLetters } = await answering(200, {});
  await deadLetters.receive(1e12);
  expect(calls[0]?.input['VisibilityTimeout']).toBe(43_200);
});

test('binary attributes of a dead letter are left out', async () => {
  const MessageAttributes = { bytes: { DataType: 'Binary', BinaryValue: 'AP8=' } };
  const MD5OfBody = createHash('md5').update('{}').digest('hex');
  const Attributes = { SentTimestamp: '1700000000000', ApproximateReceiveCount: '3' };
  const Messages = [{ MessageId: 'm', ReceiptHandle: 'h', Body: '{}', MD5OfBody, MessageAttributes, Attributes }];
  const { deadLetters } = await answering(200, { Messages });
  expect(await deadLetters.receive(1000)).toMatchObject([
    { messageId: 'm', receiptHandle: 'h', receiveCount: 3, sentAtMs: 1_700_000_000_000 },
  ]);
  expect(Object.keys((await deadLetters.receive(1000))[0]?.message.attributes ?? { none: '' })).toEqual([]);
});

test('removing dead letters fails when SQS reports that one of them was not deleted', async () => {
  const Failed = [{ Id: '1', SenderFault: false, Code: 'InternalError', Message: 'canary' }];
  const { deadLetters } = await answering(200, { Successful: [{ Id: '0' }], Failed });
  const failure = { code: 'StoreUnavailable', message: 'Could not delete from the dead letters: InternalError.' };
  await expect(deadLetters.remove(['a', 'b'])).rejects.toMatchObject(failure);
});

test('releasing dead letters fails when SQS refuses one of them, unless that one is already visible', async () => {
  const failing = await answering(200, { Failed: [{ Id: '0', SenderFault: false, Code: 'InternalError' }] });
  await expect(failing.deadLetters.release(['a'])).rejects.toMatchObject({ code: 'StoreUnavailable' });
  const shown = await answering(200, { Failed: [{ Id: '0', SenderFault: true, Code: 'MessageNotInflight' }] });
  await expect(shown.deadLetters.release(['a'])).resolves.toBeUndefined();
});

test.each([
  [403, 'AccessDeniedException', 'StoreRefused'],
  [403, 'OverLimit', 'StoreUnavailable'],
  [503, 'ServiceUnavailable', 'StoreUnavailable'],
])('every call to the dead-letter queue that is answered with HTTP %i %s fails with %s', async (status, type, code) => {
  const { deadLetters } = await answering(status, { __type: `com.amazonaws.sqs#${type}`, message: 'no' });
  const calls = [deadLetters.receive(1000), deadLetters.remove(['a']), deadLetters.release(['a'])];
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes).toEqual(calls.map(() => ({ status: 'rejected', reason: expect.objectContaining({ code }) })));
});
