import { DelayedMessages, InflightMessages } from './due-messages.ts';
import { FairMessages } from './fair-messages.ts';

/** A message of fauxqs. */
interface FauxqsMessage {
  readonly messageAttributes: object;
  messageGroupId?: string | undefined;
  readonly delayUntil?: number | undefined;
}

interface FauxqsInflight {
  readonly message: FauxqsMessage;
  readonly visibilityDeadline: number;
}

/** The parts of a fauxqs 2.4.1 queue that are corrected here. */
export interface FauxqsQueue {
  persistence?: { transaction(work: () => void): void };
  /** The visible messages of a standard queue. A purge puts an array here, and so does the persistence. */
  messages: FairMessages<FauxqsMessage> | FauxqsMessage[];
  delayedMessages: DelayedMessages<FauxqsMessage> | FauxqsMessage[];
  inflightMessages: Map<string, FauxqsInflight>;
  readonly pollWaiters: readonly unknown[];
  pollTimer: NodeJS.Timeout | undefined;
  isFifo(): boolean;
  enqueue(message: FauxqsMessage): void;
  dequeue(...options: unknown[]): unknown;
  deleteMessage(receiptHandle: string): boolean;
  changeVisibility(receiptHandle: string, timeoutSeconds: number): void;
  /** Makes due messages visible, and wakes the receivers that wait for them. */
  processTimers(): void;
  startPollTimerIfNeeded(): void;
  /** Resolves when a receiver should look again: there may be messages, or the time is over. */
  waitForMessages(waitSeconds: number): Promise<void>;
  /** Wakes the receivers that wait for messages. */
  notifyWaiters(): void;
}

export interface TextPattern {
  test: (text: string) => boolean;
}

/**
 * Corrects differences between fauxqs and SQS. fauxqs refuses characters beyond U+FFFF. It loses a message when a kill
 * comes between the two writes that move the message to its dead-letter queue. A standard queue forgets the groups of its
 * messages, and hands out the oldest message first. Each receive looks at every message that is delayed or in flight, and a
 * long poll does so fifty times a second.
 */
export function correctFauxqs(bodyPattern: TextPattern, queue: FauxqsQueue): void {
  bodyPattern.test = (text) => forbiddenText.test(text);
  receiveInOneTransaction(queue);
  keepGroups(queue);
  lookOnlyAtDueMessages(queue);
  lookAgainAfterDeletions(queue);
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

/** Groups of the messages that are being sent, by their attributes: fauxqs puts this object itself into the message. */
const groups = new WeakMap<object, string>();

/** A message, or an entry of a batch, whose group fauxqs keeps. */
export function withGroup(message: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const group = message['MessageGroupId'];
  if (typeof group !== 'string') return message;
  const MessageAttributes = { ...(message['MessageAttributes'] as object | undefined) };
  groups.set(MessageAttributes, group);
  return { ...message, MessageAttributes };
}

function keepGroups(queue: FauxqsQueue): void {
  const enqueue = queue.enqueue;
  queue.enqueue = function (this: FauxqsQueue, message) {
    message.messageGroupId ??= groups.get(message.messageAttributes);
    enqueue.call(this, message);
  };
}

/** The messages of a standard queue in their fair and fast forms, which take the place of fauxqs's own. */
export function messagesOf(queue: FauxqsQueue) {
  const { messages, delayedMessages, inflightMessages } = queue;
  const fair: FairMessages<FauxqsMessage> = messages instanceof FairMessages ? messages : new FairMessages(messages);
  const delayed: DelayedMessages<FauxqsMessage> =
    delayedMessages instanceof DelayedMessages ? delayedMessages : new DelayedMessages(delayedMessages);
  const inflight: InflightMessages<FauxqsInflight> =
    inflightMessages instanceof InflightMessages ? inflightMessages : new InflightMessages(inflightMessages);
  Object.assign(queue, { messages: fair, delayedMessages: delayed, inflightMessages: inflight });
  return { fair, delayed, inflight };
}

function lookOnlyAtDueMessages(queue: FauxqsQueue): void {
  const { processTimers, changeVisibility } = queue;
  queue.processTimers = function (this: FauxqsQueue) {
    if (this.isFifo()) return processTimers.call(this);
    const { fair, delayed, inflight } = messagesOf(this);
    const nowMs = Date.now();
    for (let due = inflight.takeDue(nowMs); due !== undefined; due = inflight.takeDue(nowMs)) fair.push(due.message);
    for (let due = delayed.takeDue(nowMs); due !== undefined; due = delayed.takeDue(nowMs)) fair.push(due);
    if (fair.length > 0) this.notifyWaiters();
  };
  queue.changeVisibility = function (this: FauxqsQueue, receiptHandle, timeoutSeconds) {
    changeVisibility.call(this, receiptHandle, timeoutSeconds);
    if (!this.isFifo()) messagesOf(this).inflight.noteDeadline(receiptHandle);
  };
}

/** The event source withholds groups that have too many messages in flight. A deletion may release one. */
function lookAgainAfterDeletions(queue: FauxqsQueue): void {
  const deleteMessage = queue.deleteMessage;
  queue.deleteMessage = function (this: FauxqsQueue, receiptHandle) {
    const isDeleted = deleteMessage.call(this, receiptHandle);
    if (this.messages.length > 0) this.notifyWaiters();
    return isDeleted;
  };
}

/**
 * No longer than the shortest delay or visibility timeout, so that a delay or timeout that begins during a wait is noticed in
 * time.
 */
const longestWaitMs = 1000;

/** fauxqs's own interval. It is used for FIFO queues, because fauxqs keeps their waiting messages elsewhere. */
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
  const { delayed, inflight } = messagesOf(queue);
  const dueMs = Math.min(nowMs + longestWaitMs, delayed.nextMs ?? Number.POSITIVE_INFINITY);
  return Math.max(0, Math.min(dueMs, inflight.nextMs ?? dueMs) - nowMs);
}
