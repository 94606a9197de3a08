import { SQSClient } from '@aws-sdk/client-sqs';
import { hash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { createClientQueueCalls, createSignedQueueCalls } from '../../../lib/adapters/sqs/queue-calls.ts';
import { settlingClient } from '../../../lib/adapters/aws/sqs-client.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { ServiceReaction } from '../../servers/aws/scripted-service.ts';
import { theService, useService } from './signed-call-subjects.ts';

useService();

const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/deliveries';

/** What both ways to call a queue make of the same reaction. */
async function both(reaction: ServiceReaction) {
  const client = new SQSClient({
    ...settlingClient,
    requestHandler: { ...settlingClient.requestHandler, connectionTimeout: 20_000, requestTimeout: 20_000 },
    region: 'eu-west-1',
    endpoint: theService().endpoint,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  });
  onTestFinished(() => client.destroy());
  const outcomes = [];
  for (const calls of [createClientQueueCalls(client), createSignedQueueCalls(client.config, systemClock)]) {
    theService().follow(reaction);
    const sent = calls.sendMessageBatch({ QueueUrl, Entries: [{ Id: '0', MessageBody: 'body' }] });
    const outcome = await sent.then(
      ({ Successful, Failed }) => ({ Successful, Failed }),
      (error: unknown) => {
        const { name, $fault, $metadata } = error as Error & { $fault?: string; $metadata?: { attempts?: number } };
        return { name, $fault, attempts: $metadata?.attempts };
      },
    );
    const [headers] = theService().requests;
    outcomes.push({ outcome, requests: theService().requests.length, queryMode: headers?.['x-amzn-query-mode'] });
  }
  return { client: outcomes[0], signed: outcomes[1] };
}

test.each([
  ['AWS.SimpleQueueService.NonExistentQueue', 'QueueDoesNotExist', 1],
  ['AWS.SimpleQueueService.BatchRequestTooLong', 'BatchRequestTooLong', 1],
  ['AWS.SimpleQueueService.BatchEntryIdsNotDistinct', 'BatchEntryIdsNotDistinct', 1],
  ['AWS.SimpleQueueService.EmptyBatchRequest', 'EmptyBatchRequest', 1],
  ['AWS.SimpleQueueService.InvalidBatchEntryId', 'InvalidBatchEntryId', 1],
  ['AWS.SimpleQueueService.MessageNotInflight', 'MessageNotInflight', 1],
  ['AWS.SimpleQueueService.TooManyEntriesInBatchRequest', 'TooManyEntriesInBatchRequest', 1],
  ['AWS.SimpleQueueService.UnsupportedOperation', 'UnsupportedOperation', 1],
  ['AWS.SimpleQueueService.SomethingNew', 'AWS.SimpleQueueService.SomethingNew', 1],
  ['KMS.AccessDeniedException', 'KmsAccessDenied', 1],
  ['KMS.DisabledException', 'KmsDisabled', 1],
  ['KMS.InvalidKeyUsageException', 'KmsInvalidKeyUsage', 1],
  ['KMS.InvalidStateException', 'KmsInvalidState', 1],
  ['KMS.NotFoundException', 'KmsNotFound', 1],
  ['KMS.OptInRequired', 'KmsOptInRequired', 1],
  ['KMS.ThrottlingException', 'KmsThrottled', 1],
  ['InvalidParameterValue', 'InvalidParameterValue', 1],
  ['InvalidMessageContents', 'InvalidMessageContents', 1],
  ['InvalidSecurity', 'InvalidSecurity', 1],
  ['OverLimit', 'OverLimit', 1],
  ['RequestThrottled', 'RequestThrottled', 2],
])('a refusal of SQS with the code %s has the name %s in both ways to call it', async (code, name, attempts) => {
  const { client, signed } = await both({
    status: 400,
    headers: { 'x-amzn-query-error': `${code};Sender` },
    body: JSON.stringify({ __type: 'com.amazonaws.sqs#Other', message: 'no' }),
  });
  expect(signed).toEqual(client);
  expect(signed).toMatchObject({ outcome: { name, attempts }, requests: attempts, queryMode: 'true' });
});

test.each([
  ['the sum of the body', hash('md5', 'body'), { Failed: undefined }],
  ['the sum of another body', hash('md5', 'other'), { name: 'Error' }],
])('when SQS answers with %s, both ways to call it take it alike', async (_what, MD5OfMessageBody, outcome) => {
  const body = JSON.stringify({ Successful: [{ Id: '0', MessageId: 'm', MD5OfMessageBody }] });
  const { client, signed } = await both({ status: 200, body });
  expect(signed).toEqual(client);
  expect(signed).toMatchObject({ outcome, requests: 1 });
});
