import { Failure } from '../../core/failure/failure.ts';
import type { ReceivedMessages } from '../../ports/delivery.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { QueueCalls } from './queue-calls.ts';

/** Source: SQS API reference, DeleteMessageBatch. */
const maxBatchEntries = 10;

/**
 * How long a settled message waits for others, so that one call deletes them together. After a crash, messages that are not
 * deleted yet are delivered again, so the wait must not exceed the time of a call. At 5,000 deliveries a second, a batch of ten
 * is complete after 2 ms.
 */
const gatherMs = 3;

interface Waiting {
  readonly receiptHandle: string;
  readonly isWanted: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Deletes messages from one queue. Messages that settle within 3 ms are deleted in batches.
 *
 * Failure policy: the promise for each message depends on the message's own entry in the answer. It rejects if there is no entry,
 * because the message may still be in the queue.
 */
export function createSqsReceivedMessages(calls: QueueCalls, queueUrl: string): ReceivedMessages {
  let waiting: Waiting[] = [];

  function flush(): void {
    const taken: Waiting[] = [];
    for (const each of waiting) {
      if (each.isWanted()) taken.push(each);
      else each.resolve();
    }
    waiting = [];
    for (let first = 0; first < taken.length; first += maxBatchEntries) {
      void removeBatch(taken.slice(first, first + maxBatchEntries));
    }
  }

  async function removeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const Entries = batch.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
      const answer = await calls.deleteMessageBatch({ QueueUrl: queueUrl, Entries });
      const deleted = new Set(answer.Successful?.map(({ Id }) => Id));
      for (const [index, { resolve, reject }] of batch.entries()) {
        if (deleted.has(String(index))) resolve();
        else reject(notDeleted(answer.Failed?.find(({ Id }) => Id === String(index))?.Code));
      }
    } catch (error) {
      const failure = fromAwsError(error, 'delete settled messages');
      for (const { reject } of batch) reject(failure);
    }
  }

  return {
    remove: (receiptHandle, isWanted = () => true) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setTimeout(flush, gatherMs);
        waiting.push({ receiptHandle, isWanted, resolve, reject });
      }),
  };
}

function notDeleted(code: string | undefined): Failure {
  return new Failure('StoreUnavailable', `The queue did not delete a message: ${code ?? 'no reason given'}.`);
}
