import { DeleteMessageBatchCommand, ReceiveMessageCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { createSqsClient } from '../../lib/adapters/aws/sqs-client.ts';
import { sqsRecord } from '../../lib/local/sqs/receive.ts';
import { benchName } from '../events.ts';
import { messageBody, orderOf } from './events.ts';
import type { GrowthServers, GrowthWorker } from './servers.ts';
import { inLanes } from '../rounds.ts';

/** The number of messages in a batch of the delivery queue, and in one call that sends messages. */
const batchSize = 10;

/** The number of calls that fill the queue in parallel. */
const fillingCalls = 8;

const source = { account: '123456789012', region: 'us-east-1', queueName: 'lastmile-local-deliveries' };

/** A delivery queue with a given number of events. This process is its event source. */
export class GrowthQueue {
  readonly #sqs: SQSClient;
  readonly #url: string;
  readonly #body: string;
  #held = 0;

  constructor({ worker }: GrowthServers, eventBytes: number) {
    this.#sqs = createSqsClient(worker.aws);
    this.#url = String(worker.environment['DELIVERY_QUEUE_URL']);
    this.#body = messageBody(JSON.stringify(orderOf(eventBytes)));
  }

  /** Fills the queue up to this number of events. */
  async fill(backlog: number): Promise<void> {
    const missing = backlog - this.#held;
    await inLanes(Math.ceil(missing / batchSize), fillingCalls, (call) =>
      this.#send(Math.min(batchSize, missing - call * batchSize)),
    );
    this.#held = Math.max(this.#held, backlog);
  }

  async #send(count: number): Promise<void> {
    const message = { MessageBody: this.#body, MessageGroupId: benchName };
    const Entries = Array.from({ length: count }, (_, index) => ({ Id: String(index), ...message }));
    const { Failed = [] } = await this.#sqs.send(new SendMessageBatchCommand({ QueueUrl: this.#url, Entries }));
    if (Failed.length > 0) throw new Error('The queue did not accept an event.');
  }

  /**
   * Receives a batch, invokes the worker and deletes the messages.
   *
   * @returns the number of events in the batch
   */
  async drainBatch(worker: GrowthWorker): Promise<number> {
    const wanted = { QueueUrl: this.#url, MaxNumberOfMessages: batchSize, WaitTimeSeconds: 1 };
    const { Messages = [] } = await this.#sqs.send(
      new ReceiveMessageCommand({ ...wanted, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] }),
    );
    const Records = Messages.map((message) => sqsRecord({ ...message }, source));
    const { failed } = await worker.ask<{ readonly failed: readonly string[] }>({ kind: 'invoke', Records });
    if (failed.length > 0) throw new Error('Not all of a batch was settled.');
    const Entries = Messages.map(({ ReceiptHandle = '' }, index) => ({ Id: String(index), ReceiptHandle }));
    if (Entries.length > 0) await this.#sqs.send(new DeleteMessageBatchCommand({ QueueUrl: this.#url, Entries }));
    this.#held -= Messages.length;
    return Messages.length;
  }

  close(): void {
    this.#sqs.destroy();
  }
}
