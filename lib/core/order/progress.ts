import type { Delivery } from '../delivery/delivery.ts';
import type { QueuedDelivery } from '../message/queued-delivery.ts';
import { maximumReceives } from '../message/queued-delivery.ts';

/**
 * What workers have done so far with a message of the ordered queue. The message itself never changes, because a new message would
 * go to the end of its group.
 */
export interface OrderedProgress extends Pick<Delivery, 'attempts' | 'postponements'> {
  /** How often the message had been received when a worker last finished with it. */
  readonly finishedReceives: number;
  /** Attempts that began after that and that no worker has finished. Only a message that may crash its workers has them. */
  readonly unfinishedAttempts: number;
  /** For a message that holds an array: how many of its events, from the first one, have settled. */
  readonly settledEvents: number;
  readonly attemptTimes?: Delivery['attemptTimes'] | undefined;
  readonly notBeforeMs?: number | undefined;
  readonly turnGeneration?: number | undefined;
}

/** A delivery of the ordered queue that must wait. */
export type WaitingDelivery = QueuedDelivery & { readonly notBeforeMs: number };

export function progressOf(
  { delivery, notBeforeMs, turnGeneration }: WaitingDelivery,
  { receiveCount, settledEvents }: { readonly receiveCount: number; readonly settledEvents: number },
): OrderedProgress {
  const { attempts, postponements, attemptTimes } = delivery;
  return {
    finishedReceives: receiveCount,
    unfinishedAttempts: 0,
    settledEvents,
    attempts,
    postponements,
    attemptTimes,
    notBeforeMs,
    turnGeneration,
  };
}

/** The progress of a message that a worker could not read, and has left to a worker of a newer version. */
export function leftToNewerVersion(progress: OrderedProgress | undefined, receiveCount: number): OrderedProgress {
  return { ...(progress ?? noProgress), finishedReceives: receiveCount, unfinishedAttempts: 0 };
}

/** The delivery of a message, continued from its progress. */
export function withProgress(queued: QueuedDelivery, progress: OrderedProgress | undefined): QueuedDelivery {
  if (progress?.notBeforeMs === undefined) return queued;
  const { attempts, postponements, attemptTimes, notBeforeMs, turnGeneration } = progress;
  return {
    delivery: { ...queued.delivery, attempts, postponements, ...(attemptTimes && { attemptTimes }) },
    notBeforeMs,
    ...(turnGeneration !== undefined && { turnGeneration }),
  };
}

/**
 * A message may be received this often without progress before its attempts are counted one by one. Most such messages were never
 * attempted, because they waited behind another message of their group.
 */
const uncountedReceives = 3;

/** In all, as many attempts as a message of the delivery queue gets. */
const mostUnfinishedAttempts = maximumReceives - 2 - uncountedReceives;

/**
 * Decides whether a message may have crashed its workers, so that it must not be attempted again.
 *
 * The receive count of SQS does not say this: it also rises while the message waits, and while it waits behind another message. So
 * the count matters only as far as no worker has accounted for it. If a message was received often since then, each further attempt
 * is written down before it begins.
 *
 * @returns `refuse`: too many attempts were not finished. A progress: to be saved before the attempt. Undefined: the attempt may
 *   begin at once
 */
export function beforeAttempt(
  receiveCount: number,
  progress: OrderedProgress | undefined,
): OrderedProgress | 'refuse' | undefined {
  if (receiveCount - (progress?.finishedReceives ?? 0) <= uncountedReceives) return undefined;
  const known = progress ?? noProgress;
  if (known.unfinishedAttempts >= mostUnfinishedAttempts) return 'refuse';
  return { ...known, unfinishedAttempts: known.unfinishedAttempts + 1 };
}

const noProgress: OrderedProgress = {
  finishedReceives: 0,
  unfinishedAttempts: 0,
  settledEvents: 0,
  attempts: 0,
  postponements: 0,
};
