/** The parts of a queue of fauxqs that are corrected, as its version 2.4.1 has them. */
export interface FauxqsQueue {
  persistence?: { transaction(work: () => void): void };
  readonly delayedMessages: readonly { readonly delayUntil?: number }[];
  readonly inflightMessages: ReadonlyMap<string, { readonly visibilityDeadline: number }>;
  readonly pollWaiters: readonly unknown[];
  pollTimer: NodeJS.Timeout | undefined;
  isFifo(): boolean;
  dequeue(...options: unknown[]): unknown;
  /** Makes visible what is due, and wakes who waits for it. */
  processTimers(): void;
  startPollTimerIfNeeded(): void;
}

export interface TextPattern {
  test: (text: string) => boolean;
}

/**
 * What of fauxqs is not as SQS is: its pattern of allowed text refuses everything beyond U+FFFF; a kill between the two
 * writes that move a message to its dead-letter queue loses it; and a long poll looks for what is due fifty times a second.
 */
export function correctFauxqs(bodyPattern: TextPattern, queue: FauxqsQueue): void {
  bodyPattern.test = (text) => forbiddenText.test(text);
  receiveInOneTransaction(queue);
  waitUntilDue(queue);
}

/** What a message's text may not hold. Source: the SQS API reference, SendMessage. */
const forbiddenText = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** What one receive writes, moves to the dead-letter queue included, is written as a whole. */
function receiveInOneTransaction(queue: FauxqsQueue): void {
  const dequeue = queue.dequeue;
  queue.dequeue = function (this: FauxqsQueue, ...options) {
    let received: unknown;
    const receive = (): void => {
      received = dequeue.apply(this, options);
    };
    if (this.persistence === undefined) receive();
    else this.persistence.transaction(receive);
    return received;
  };
}

/** No longer than the shortest delay or visibility timeout, so that one which begins during a wait is seen in time. */
const longestWaitMs = 1000;

/** fauxqs's own, for queues whose waiting messages it keeps elsewhere. */
const fifoWaitMs = 20;

function waitUntilDue(queue: FauxqsQueue): void {
  queue.startPollTimerIfNeeded = function (this: FauxqsQueue) {
    if (this.pollTimer !== undefined) return;
    const look = (): void => {
      this.pollTimer = undefined;
      this.processTimers();
      if (this.pollWaiters.length > 0) this.startPollTimerIfNeeded();
    };
    this.pollTimer = setTimeout(look, this.isFifo() ? fifoWaitMs : untilDueMs(this, Date.now()));
  };
}

function untilDueMs(queue: FauxqsQueue, nowMs: number): number {
  let dueMs = nowMs + longestWaitMs;
  for (const { delayUntil = 0 } of queue.delayedMessages) dueMs = Math.min(dueMs, delayUntil);
  for (const { visibilityDeadline } of queue.inflightMessages.values()) dueMs = Math.min(dueMs, visibilityDeadline);
  return Math.max(0, dueMs - nowMs);
}
