import { hash } from 'node:crypto';
import type {
  ChangeMessageVisibilityBatchCommandInput,
  ChangeMessageVisibilityBatchCommandOutput,
  DeleteMessageBatchCommandInput,
  DeleteMessageBatchCommandOutput,
  SendMessageBatchCommandInput,
  SendMessageBatchCommandOutput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import type { Clock } from '../../ports/clock.ts';
import { createJsonCalls } from '../aws/json-calls.ts';
import type { ServiceSettings } from '../aws/service-settings.ts';
import { settlingClient } from '../aws/sqs-client.ts';

type Answered<Output extends { Successful: unknown; Failed: unknown }> = Partial<Pick<Output, 'Successful' | 'Failed'>>;

/** The operations of queues that a worker calls for each batch. They reject with the errors of the AWS client. */
export interface QueueCalls {
  readonly region: () => Promise<string>;
  sendMessageBatch(
    input: SendMessageBatchCommandInput,
    signal?: AbortSignal,
  ): Promise<Answered<SendMessageBatchCommandOutput>>;
  deleteMessageBatch(input: DeleteMessageBatchCommandInput): Promise<Answered<DeleteMessageBatchCommandOutput>>;
  changeMessageVisibilityBatch(
    input: ChangeMessageVisibilityBatchCommandInput,
  ): Promise<Answered<ChangeMessageVisibilityBatchCommandOutput>>;
}

/** For functions that call queues rarely. */
export function createClientQueueCalls(client: SQSClient): QueueCalls {
  return {
    region: () => client.config.region(),
    sendMessageBatch: (input, abortSignal) =>
      client.send(new SendMessageBatchCommand(input), abortSignal === undefined ? {} : { abortSignal }),
    deleteMessageBatch: (input) => client.send(new DeleteMessageBatchCommand(input)),
    changeMessageVisibilityBatch: (input) => client.send(new ChangeMessageVisibilityBatchCommand(input)),
  };
}

/**
 * For workers.
 *
 * @param settings the configuration of the client for SQS
 */
export function createSignedQueueCalls(settings: ServiceSettings, clock: Clock): QueueCalls {
  const { connectionTimeout: connectTimeoutMs, requestTimeout: requestTimeoutMs } = settlingClient.requestHandler;
  const call = createJsonCalls({
    settings,
    target: 'AmazonSQS',
    // So SQS answers with the error names that AWS clients show.
    headers: { 'x-amzn-query-mode': 'true' },
    limits: { connectTimeoutMs, requestTimeoutMs },
    clock,
  });
  return {
    region: () => settings.region(),
    async sendMessageBatch(input, signal) {
      const answer: Answered<SendMessageBatchCommandOutput> = await call('SendMessageBatch', input, signal);
      requireSameBodies(input, answer);
      return answer;
    },
    deleteMessageBatch: (input) => call('DeleteMessageBatch', input),
    changeMessageVisibilityBatch: (input) => call('ChangeMessageVisibilityBatch', input),
  };
}

/** As the AWS client does. @throws Error when SQS has got another body than was sent */
function requireSameBodies(
  { Entries = [] }: SendMessageBatchCommandInput,
  answer: Answered<SendMessageBatchCommandOutput>,
): void {
  const sums = new Map(answer.Successful?.map(({ Id, MD5OfMessageBody }) => [Id, MD5OfMessageBody]));
  const changed = Entries.filter(
    ({ Id, MessageBody = '' }) => sums.has(Id) && sums.get(Id) !== hash('md5', MessageBody),
  );
  if (changed.length > 0) throw new Error(`Invalid MD5 checksum on ${changed.length} messages.`);
}
