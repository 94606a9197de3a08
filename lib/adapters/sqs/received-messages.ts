import { Failure } from '../../core/failure/failure.ts';
import type { ReceivedMessages } from '../../ports/delivery.ts';
import { fromAwsError } from '../aws/failures.ts';
import type { QueueCalls } from './queue-calls.ts';

/** Source: SQS API reference, DeleteMessageBatch. */
const maxBatchEntries = 10;

/**
 * How long a settled message waits for others, so that one call deletes them together. After a crash, messages that are not
 * deleted yet are delivered again. Most endpoints answer the requests of a batch within this time of each other, and then no call
 * is needed, because the invocation ends first.
 */
const gatherMs = 50;

interface Waiting {
  readonly receiptHandle: string;
  readonly isWanted: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Deletes messages from one queue. Messages that settle within 50 ms are deleted in batches.
 *
 * Failure policy: the promise for each message depends on the message's own entry in the answer. It rejects if there is no entry,
 * because the message may still be in the queue.
 */
export function createSqsReceivedMessages(calls: QueueCalls, queueUrl: string): ReceivedMessages {
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;
  const underWay = new Set<Promise<void>>();

  function flush(): void {
    clearTimeout(timer);
    const taken: Waiting[] = [];
    for (const each of waiting) {
      if (each.isWanted()) taken.push(each);
      else each.resolve();
    }
    waiting = [];
    for (let first = 0; first < taken.length; first += maxBatchEntries) {
      const removal = removeBatch(taken.slice(first, first + maxBatchEntries)).finally(() => underWay.delete(removal));
      underWay.add(removal);
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
        if (waiting.length === 0) timer = setTimeout(flush, gatherMs);
        waiting.push({ receiptHandle, isWanted, resolve, reject });
      }),
    async removeNow() {
      flush();
      await Promise.all(underWay);
    },
  };
}

function notDeleted(code: string | undefined): Failure {
  return new Failure('StoreUnavailable', `The queue did not delete a message: ${code ?? 'no reason given'}.`);
}
