import { randomUUID } from 'node:crypto';
import { withoutGroup } from './deduplication.ts';
import { InflightMessages } from './due-messages.ts';
import type { FauxqsInflight, FauxqsMessage, FauxqsQueue, FindDeadLetterQueue } from './fauxqs-queue.ts';

/**
 * Corrects the FIFO queues of fauxqs. Without these corrections, a receive returns one message of each group, although SQS returns
 * as many as possible. Messages of a group that become visible again change their order. The groups that came first are always
 * served first. And each receive examines all groups and all messages in flight.
 */
export function correctFifoQueues(queue: FauxqsQueue): void {
  noteReadyGroups(queue);
  receiveWholeGroups(queue);
  keepOrder(queue);
}

/** The groups that may have a message to receive, in the order in which they are served. */
const readyGroups = new WeakMap<FauxqsQueue, Set<string>>();

/** Notes all groups of a queue at its first use: an earlier process may have stored their messages. */
function readyOf(queue: FauxqsQueue): Set<string> {
  const known = readyGroups.get(queue);
  if (known !== undefined) return known;
  for (const messages of queue.fifoMessages.values()) messages.sort(inOrder);
  const ready = new Set(queue.fifoMessages.keys());
  readyGroups.set(queue, ready);
  return ready;
}

/** Yields each group that has a message to receive, and removes the others from the noted ones. */
function* receivableGroups(queue: FauxqsQueue): Iterable<readonly [group: string, messages: FauxqsMessage[]]> {
  const ready = readyOf(queue);
  for (const group of ready) {
    const messages = queue.fifoMessages.get(group) ?? [];
    if (messages.length > 0 && !queue.fifoLockedGroups.has(group)) yield [group, messages];
    else ready.delete(group);
  }
}

function hasReceivable(queue: FauxqsQueue): boolean {
  for (const _ of receivableGroups(queue)) return true;
  return false;
}

/**
 * The number of messages whose group has none in flight, counted up to `mostMessages`. The others wait for messages of their own
 * group.
 */
export function receivableMessages(queue: FauxqsQueue, mostMessages: number): number {
  let count = 0;
  for (const [, messages] of receivableGroups(queue)) {
    count += messages.length;
    if (count >= mostMessages) return mostMessages;
  }
  return count;
}

export function inflightOf(queue: FauxqsQueue): InflightMessages<FauxqsInflight> {
  const { inflightMessages } = queue;
  if (inflightMessages instanceof InflightMessages) return inflightMessages;
  const inflight = new InflightMessages(inflightMessages);
  queue.inflightMessages = inflight;
  return inflight;
}

/** All sequence numbers have 20 digits. */
function inOrder({ sequenceNumber: one = '' }: FauxqsMessage, { sequenceNumber: other = '' }: FauxqsMessage): number {
  return one < other ? -1 : Number(one > other);
}

const groupOf = ({ messageGroupId = '' }: FauxqsMessage): string => messageGroupId;

function noteReadyGroups(queue: FauxqsQueue): void {
  const { enqueue, notifyWaiters, deleteMessage } = queue;
  queue.enqueue = function (this: FauxqsQueue, message) {
    if (this.isFifo()) {
      readyOf(this).add(groupOf(message));
      message.messageDeduplicationId = withoutGroup(message.messageDeduplicationId);
    }
    enqueue.call(this, message);
  };
  queue.notifyWaiters = function (this: FauxqsQueue) {
    if (!this.isFifo() || hasReceivable(this)) notifyWaiters.call(this);
  };
  queue.deleteMessage = function (this: FauxqsQueue, receiptHandle) {
    const deleted = this.isFifo() ? this.inflightMessages.get(receiptHandle) : undefined;
    const isDeleted = deleteMessage.call(this, receiptHandle);
    if (deleted !== undefined) {
      readyOf(this).add(groupOf(deleted.message));
      this.notifyWaiters();
    }
    return isDeleted;
  };
}

function receiveWholeGroups(queue: FauxqsQueue): void {
  queue.dequeueFifo = function (this: FauxqsQueue, maxCount, visibilityTimeoutSeconds, findDeadLetterQueue) {
    this.processTimers();
    const hiddenMs = 1000 * (visibilityTimeoutSeconds ?? Number(this.attributes['VisibilityTimeout']));
    const deadLetters = deadLetterQueueOf(this, findDeadLetterQueue);
    const received: unknown[] = [];
    for (const [group, messages] of receivableGroups(this)) {
      let inFlight = 0;
      while (received.length < maxCount) {
        const message = messages.shift();
        if (message === undefined) break;
        message.approximateReceiveCount += 1;
        if (deadLetters !== undefined && message.approximateReceiveCount > deadLetters.maximumReceives) {
          this.persistence?.deleteMessage(message.messageId);
          deadLetters.queue.enqueue(message);
          continue;
        }
        received.push(hide(this, message, Date.now() + hiddenMs));
        inFlight += 1;
      }
      // The group returns behind the others when it is unlocked.
      readyOf(this).delete(group);
      if (inFlight > 0) this.fifoLockedGroups.set(group, inFlight);
      if (messages.length === 0) this.fifoMessages.delete(group);
      if (received.length >= maxCount) break;
    }
    return received;
  };
}

interface DeadLetterQueue {
  readonly queue: FauxqsQueue;
  readonly maximumReceives: number;
}

function deadLetterQueueOf(queue: FauxqsQueue, find: FindDeadLetterQueue | undefined): DeadLetterQueue | undefined {
  const text = queue.attributes['RedrivePolicy'];
  if (text === undefined || text === '') return undefined;
  const policy = JSON.parse(text) as { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number };
  const found = find?.(policy.deadLetterTargetArn);
  return found && { queue: found, maximumReceives: Number(policy.maxReceiveCount) };
}

/** @returns the message as ReceiveMessage returns it, without its system attributes */
function hide(queue: FauxqsQueue, message: FauxqsMessage, visibilityDeadline: number): object {
  const receiptHandle = randomUUID();
  message.approximateFirstReceiveTimestamp ??= Date.now();
  const { messageId, approximateReceiveCount: count, approximateFirstReceiveTimestamp: firstMs } = message;
  inflightOf(queue).set(receiptHandle, { message, receiptHandle, visibilityDeadline });
  queue.persistence?.updateMessageInflight(messageId, receiptHandle, visibilityDeadline, count, firstMs);
  return {
    MessageId: messageId,
    ReceiptHandle: receiptHandle,
    MD5OfBody: message.md5OfBody,
    Body: message.body,
    ...(message.md5OfMessageAttributes !== '' && { MD5OfMessageAttributes: message.md5OfMessageAttributes }),
    ...(Object.keys(message.messageAttributes).length > 0 && { MessageAttributes: message.messageAttributes }),
  };
}

function keepOrder(queue: FauxqsQueue): void {
  const { processTimers, changeVisibility } = queue;
  queue.processTimers = function (this: FauxqsQueue) {
    if (!this.isFifo()) return processTimers.call(this);
    const inflight = inflightOf(this);
    const nowMs = Date.now();
    for (let due = inflight.takeDue(nowMs); due !== undefined; due = inflight.takeDue(nowMs))
      release(this, due.message);
    for (const [group, messages] of this.fifoDelayed) endDelays(this, group, messages, nowMs);
    this.notifyWaiters();
  };
  queue.changeVisibility = function (this: FauxqsQueue, receiptHandle, timeoutSeconds) {
    const message = this.isFifo() ? this.inflightMessages.get(receiptHandle)?.message : undefined;
    changeVisibility.call(this, receiptHandle, timeoutSeconds);
    if (message === undefined) return;
    if (timeoutSeconds > 0) return inflightOf(this).noteDeadline(receiptHandle);
    // fauxqs has put the message at the beginning of its group.
    this.fifoMessages.get(groupOf(message))?.shift();
    putBack(this, message);
    this.notifyWaiters();
  };
}

/** Makes a message visible that was in flight. */
function release(queue: FauxqsQueue, message: FauxqsMessage): void {
  const group = groupOf(message);
  const others = (queue.fifoLockedGroups.get(group) ?? 1) - 1;
  if (others > 0) queue.fifoLockedGroups.set(group, others);
  else queue.fifoLockedGroups.delete(group);
  putBack(queue, message);
}

/** Puts a message before those of its group that were sent later. */
function putBack(queue: FauxqsQueue, message: FauxqsMessage): void {
  const group = groupOf(message);
  const messages = queue.fifoMessages.get(group) ?? [];
  const later = messages.findIndex((other) => inOrder(other, message) > 0);
  messages.splice(later === -1 ? messages.length : later, 0, message);
  queue.fifoMessages.set(group, messages);
  readyOf(queue).add(group);
}

function endDelays(queue: FauxqsQueue, group: string, messages: readonly FauxqsMessage[], nowMs: number): void {
  const delayed = messages.filter(({ delayUntil = 0 }) => delayUntil > nowMs);
  if (delayed.length === messages.length) return;
  for (const message of messages) if (!delayed.includes(message)) putBack(queue, message);
  if (delayed.length > 0) queue.fifoDelayed.set(group, delayed);
  else queue.fifoDelayed.delete(group);
}
