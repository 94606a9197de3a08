import { batchSize } from '../../core/message/sqs-event.ts';
import type { Clock } from '../../ports/clock.ts';
import type { InvocationOutcome } from '../lambda/function-runner.ts';
import type { IsWithheld } from './fair-messages.ts';
import { isMembers } from './names.ts';
import type { SqsRecord } from './receive.ts';
import { SpareTime } from './spare-time.ts';

/** The queue that an event source reads. */
export interface PolledQueue {
  /**
   * Returns up to `maxMessages` messages, without those of withheld groups. Waits for the first message, up to the longest wait
   * of long polling. The list is empty if no message came in that time.
   */
  receive(maxMessages: number, isWithheld: IsWithheld): Promise<readonly SqsRecord[]>;
  remove(receiptHandles: readonly string[]): Promise<void>;
  /** Whether nearly all messages of a group are put back with a delay. */
  isMostlyPutBack(group: string): boolean;
  /** Whether a received message is neither deleted nor visible again. */
  isInFlight(receiptHandle: string): boolean;
  /** Makes a waiting `receive` read the queue again. Call this when a group may no longer be withheld. */
  lookAgain(): void;
  /** Makes every waiting `receive` return at once. */
  endWaits(): void;
}

export interface QueuePollerOptions {
  readonly queue: PolledQueue;
  /** Must never reject. */
  readonly invoke: (event: { readonly Records: readonly SqsRecord[] }) => Promise<InvocationOutcome>;
  readonly clock: Clock;
  /** Maximum number of concurrent invocations; default 10. */
  readonly maximumConcurrency?: number;
  /** The time for groups whose messages are put back again and again; default: measured. */
  readonly spareTime?: Pick<SpareTime, 'isEnough' | 'noteBeginning'>;
  /** Reports that the function failed for a whole batch. */
  readonly reportFailure: (outcome: InvocationOutcome) => void;
  /** Reports that the queue could not be read, or that processed messages could not be deleted. */
  readonly reportFault: (error: unknown) => void;
}

/** Maximum number of concurrent invocations. This is enough for one laptop; on AWS it is a setting of the event source. */
export const localInvocations = 10;

/**
 * The largest part of the invocations in which one group may have messages, so that a slow endpoint leaves invocations for
 * other endpoints. SQS uses a different measure: it compares a group's messages in flight with all messages in flight.
 */
const largestShare = 1 / 3;

/** The time after which the event source looks for spare time again. */
const spareTimeCheckMs = 5;

/** Wait after a failed read of the queue. */
const retryDelayMs = 1000;

/**
 * Reads a queue as Lambda's event source does, and invokes a function with each batch.
 *
 * Failure policy: a message is deleted only after the function has succeeded with it. Every other message becomes visible
 * again when its visibility timeout ends. This includes a message whose invocation was interrupted because the process was
 * stopped or killed.
 *
 * One group never has messages in more than a third of the invocations that may run. The rest stays free for other groups,
 * even while no other group has messages. A new group would otherwise have to wait until an invocation ends.
 *
 * The messages of a paused destination come out of the queue only to be put back. With a large backlog this would occupy the
 * process all the time, and it also has to serve the other destinations. So such groups get only the time that is to spare.
 */
export class QueuePoller {
  readonly #options: QueuePollerOptions;
  readonly #stopped = new AbortController();
  /** The running invocations, each with its messages. */
  readonly #running = new Map<Promise<void>, readonly SqsRecord[]>();
  readonly #spareTime: Pick<SpareTime, 'isEnough' | 'noteBeginning'>;
  #isCheckPlanned = false;
  #polling: Promise<void> = Promise.resolve();

  constructor(options: QueuePollerOptions) {
    this.#options = options;
    this.#spareTime = options.spareTime ?? new SpareTime();
  }

  start(): void {
    this.#polling = this.#poll();
  }

  /** Receives no more messages; resolves when the running invocations have ended or the grace period is over. */
  async stop(grace: Promise<unknown>): Promise<void> {
    this.#stopped.abort();
    this.#options.queue.endWaits();
    await Promise.race([Promise.all([this.#polling, ...this.#running.keys()]), grace]);
  }

  async #poll(): Promise<void> {
    const { queue, maximumConcurrency = localInvocations } = this.#options;
    const maximumOfGroup = Math.max(1, Math.floor(maximumConcurrency * largestShare));
    const isWithheld = (group: string): boolean =>
      this.#invocationsWith(group) >= maximumOfGroup || this.#waitsForSpareTime(group);
    while (!this.#stopped.signal.aborted) {
      if (this.#running.size >= maximumConcurrency) await Promise.race(this.#running.keys());
      else {
        const records = await queue.receive(batchSize, isWithheld).catch((error: unknown) => this.#pause(error));
        if (records.length > 0 && !this.#stopped.signal.aborted) this.#begin(records);
      }
    }
  }

  async #pause(error: unknown): Promise<readonly SqsRecord[]> {
    const { clock, reportFault } = this.#options;
    if (!this.#stopped.signal.aborted) reportFault(error);
    await clock.delay(retryDelayMs, this.#stopped.signal).catch(() => undefined);
    return [];
  }

  #waitsForSpareTime(group: string): boolean {
    if (!this.#options.queue.isMostlyPutBack(group) || this.#spareTime.isEnough) return false;
    if (!this.#isCheckPlanned) void this.#checkLater();
    return true;
  }

  async #checkLater(): Promise<void> {
    const { queue, clock } = this.#options;
    this.#isCheckPlanned = true;
    await clock.delay(spareTimeCheckMs, this.#stopped.signal).catch(() => undefined);
    this.#isCheckPlanned = false;
    queue.lookAgain();
  }

  #begin(records: readonly SqsRecord[]): void {
    const { queue } = this.#options;
    const isMostlyPutBack = ({ attributes: { MessageGroupId: group } }: SqsRecord): boolean =>
      typeof group === 'string' && queue.isMostlyPutBack(group);
    if (records.some(isMostlyPutBack)) this.#spareTime.noteBeginning();
    const run = this.#process(records).finally(() => {
      this.#running.delete(run);
      queue.lookAgain();
    });
    this.#running.set(run, records);
  }

  /** Counts the running invocations that still have a message of the group. */
  #invocationsWith(group: string): number {
    const { queue } = this.#options;
    const isOfGroup = ({ attributes, receiptHandle }: SqsRecord): boolean =>
      attributes['MessageGroupId'] === group && queue.isInFlight(receiptHandle);
    return [...this.#running.values()].filter((records) => records.some(isOfGroup)).length;
  }

  async #process(records: readonly SqsRecord[]): Promise<void> {
    const { queue, invoke, reportFailure, reportFault } = this.#options;
    const outcome = await invoke({ Records: records });
    if (outcome.error !== undefined) return reportFailure(outcome);
    const ids = records.map(({ messageId }) => messageId);
    const failed = failedMessageIds(outcome.payload, ids);
    const done = records.filter(({ messageId }) => !failed.has(messageId));
    if (done.length === 0) return;
    await queue.remove(done.map(({ receiptHandle }) => receiptHandle)).catch((error: unknown) => {
      if (!this.#stopped.signal.aborted) reportFault(error);
    });
  }
}

/**
 * Reads from a partial batch response which messages stay in the queue.
 *
 * Failure policy: an invalid response, or one that names a message outside the batch, fails the whole batch. Source:
 * Lambda developer guide, implementing partial batch responses.
 *
 * @param payload the function's answer as JSON text
 */
export function failedMessageIds(payload: string, messageIds: readonly string[]): ReadonlySet<string> {
  const everything = new Set(messageIds);
  const response: unknown = JSON.parse(payload);
  if (response === null) return new Set();
  const failures = isMembers(response) ? (response['batchItemFailures'] ?? []) : undefined;
  if (!Array.isArray(failures)) return everything;
  const failed = new Set<string>();
  for (const failure of failures as readonly unknown[]) {
    const id = isMembers(failure) ? failure['itemIdentifier'] : undefined;
    if (typeof id !== 'string' || !everything.has(id)) return everything;
    failed.add(id);
  }
  return failed;
}
