/** The parts of a fauxqs 2.4.1 queue that are corrected here. */
export interface FauxqsQueue {
  persistence?: { transaction(work: () => void): void };
  readonly delayedMessages: readonly { readonly delayUntil?: number }[];
  readonly inflightMessages: ReadonlyMap<string, { readonly visibilityDeadline: number }>;
  readonly pollWaiters: readonly unknown[];
  pollTimer: NodeJS.Timeout | undefined;
  isFifo(): boolean;
  dequeue(...options: unknown[]): unknown;
  /** Makes due messages visible, and wakes the receivers that wait for them. */
  processTimers(): void;
  startPollTimerIfNeeded(): void;
}

export interface TextPattern {
  test: (text: string) => boolean;
}

/**
 * Corrects three differences between fauxqs and SQS. fauxqs refuses characters beyond U+FFFF. It loses a message when a
 * kill comes between the two writes that move the message to its dead-letter queue. And a long poll looks for due
 * messages fifty times a second.
 */
export function correctFauxqs(bodyPattern: TextPattern, queue: FauxqsQueue): void {
  bodyPattern.test = (text) => forbiddenText.test(text);
  receiveInOneTransaction(queue);
  waitUntilDue(queue);
}

/** Characters that a message must not contain. Source: the SQS API reference, SendMessage. */
const forbiddenText = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Writes the changes of one receive in one transaction, including moves to the dead-letter queue. */
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

/** At most the shortest delay or visibility timeout, so that one that begins during a wait is noticed in time. */
const longestWaitMs = 1000;

/** fauxqs's own interval, for FIFO queues: it keeps their waiting messages elsewhere. */
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
