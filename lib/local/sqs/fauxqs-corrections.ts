import { correctDeduplication } from './deduplication.ts';
import { DelayedMessages } from './due-messages.ts';
import { FairMessages } from './fair-messages.ts';
import type { FauxqsMessage, FauxqsQueue } from './fauxqs-queue.ts';
import { correctFifoQueues, inflightOf } from './fifo-corrections.ts';

export interface TextPattern {
  test: (text: string) => boolean;
}

/**
 * Corrects differences between fauxqs and SQS. Without these corrections, fauxqs refuses characters beyond U+FFFF. It loses a
 * message when the process is killed between the two writes that move the message to its dead-letter queue. In a standard queue,
 * it forgets the groups of the messages, and always hands out the oldest message first. Each receive searches all messages that
 * are delayed or in flight, and a long poll does so fifty times a second.
 */
export function correctFauxqs(bodyPattern: TextPattern, queue: FauxqsQueue): void {
  bodyPattern.test = (text) => forbiddenText.test(text);
  receiveInOneTransaction(queue);
  keepGroups(queue);
  lookOnlyAtDueMessages(queue);
  lookAgainAfterDeletions(queue);
  waitUntilDue(queue);
  correctFifoQueues(queue);
  correctDeduplication(queue);
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

/** The groups of messages that are being sent. The key is the object of a message's attributes, which fauxqs keeps as it is. */
const groups = new WeakMap<object, string>();

/** Prepares a message, or an entry of a batch, so that `enqueue` can restore its group. */
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
    if (!this.isFifo() && message.delayUntil !== undefined) messagesOf(this).fair.noteDelayed(message);
  };
}

/** Returns the messages of a standard queue, after it has replaced the collections of fauxqs with ours if necessary. */
export function messagesOf(queue: FauxqsQueue) {
  const { messages, delayedMessages } = queue;
  const fair: FairMessages<FauxqsMessage> = messages instanceof FairMessages ? messages : new FairMessages(messages);
  const delayed: DelayedMessages<FauxqsMessage> =
    delayedMessages instanceof DelayedMessages ? delayedMessages : new DelayedMessages(delayedMessages);
  Object.assign(queue, { messages: fair, delayedMessages: delayed });
  return { fair, delayed, inflight: inflightOf(queue) };
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

/** The event source withholds a group that has too many messages in flight. A deletion can end that, so receivers try again. */
function lookAgainAfterDeletions(queue: FauxqsQueue): void {
  const deleteMessage = queue.deleteMessage;
  queue.deleteMessage = function (this: FauxqsQueue, receiptHandle) {
    const isDeleted = deleteMessage.call(this, receiptHandle);
    if (this.messages.length > 0) this.notifyWaiters();
    return isDeleted;
  };
}

/**
 * The longest wait between two reads of a long poll. It is as long as the shortest delay or visibility timeout, so a delay or
 * timeout that begins during the wait is noticed in time.
 */
const longestWaitMs = 1000;

function waitUntilDue(queue: FauxqsQueue): void {
  queue.startPollTimerIfNeeded = function (this: FauxqsQueue) {
    if (this.pollTimer !== undefined) return;
    const look = (): void => {
      this.pollTimer = undefined;
      this.processTimers();
      if (this.pollWaiters.length > 0) this.startPollTimerIfNeeded();
    };
    this.pollTimer = setTimeout(look, untilDueMs(this, Date.now()));
  };
}

function untilDueMs(queue: FauxqsQueue, nowMs: number): number {
  const { delayed, inflight } = messagesOf(queue);
  const dueMs = Math.min(nowMs + longestWaitMs, delayed.nextMs ?? Number.POSITIVE_INFINITY);
  return Math.max(0, Math.min(dueMs, inflight.nextMs ?? dueMs) - nowMs);
}
