import type { DelayedMessages, InflightMessages } from './due-messages.ts';
import type { FairMessages } from './fair-messages.ts';

export interface FauxqsMessage {
  readonly messageId: string;
  readonly body: string;
  readonly md5OfBody: string;
  readonly messageAttributes: object;
  readonly md5OfMessageAttributes: string;
  /** Epoch ms. */
  readonly sentTimestamp: number;
  approximateReceiveCount: number;
  approximateFirstReceiveTimestamp?: number | undefined;
  messageGroupId?: string | undefined;
  messageDeduplicationId?: string | undefined;
  /** Only messages of a FIFO queue have one: 20 digits. */
  readonly sequenceNumber?: string | undefined;
  readonly delayUntil?: number | undefined;
}

export interface FauxqsInflight {
  readonly message: FauxqsMessage;
  readonly receiptHandle: string;
  readonly visibilityDeadline: number;
}

/** Stores what the queues hold. */
export interface QueuePersistence {
  transaction(work: () => void): void;
  deleteMessage(messageId: string): void;
  updateMessageInflight(
    messageId: string,
    receiptHandle: string,
    visibilityDeadline: number,
    receiveCount: number,
    firstReceiveTimestamp: number,
  ): void;
}

/** Finds the dead-letter queue of a redrive policy. */
export type FindDeadLetterQueue = (arn: string) => FauxqsQueue | undefined;

export interface Deduplication {
  readonly isDuplicate: boolean;
  readonly originalMessageId?: string;
  readonly originalSequenceNumber?: string;
}

/** The members of a fauxqs 2.4.1 queue that the corrections use or replace. */
export interface FauxqsQueue {
  readonly attributes: Readonly<Record<string, string | undefined>>;
  persistence?: QueuePersistence;
  /** The visible messages of a standard queue. fauxqs assigns an array when it purges the queue or loads stored messages. */
  messages: FairMessages<FauxqsMessage> | FauxqsMessage[];
  delayedMessages: DelayedMessages<FauxqsMessage> | FauxqsMessage[];
  inflightMessages: InflightMessages<FauxqsInflight> | Map<string, FauxqsInflight>;
  /** The visible messages of a FIFO queue, by group. */
  readonly fifoMessages: Map<string, FauxqsMessage[]>;
  readonly fifoDelayed: Map<string, FauxqsMessage[]>;
  /** How many messages of a group are in flight. A group without such messages is not in it. */
  readonly fifoLockedGroups: Map<string, number>;
  readonly pollWaiters: readonly unknown[];
  pollTimer: NodeJS.Timeout | undefined;
  isFifo(): boolean;
  enqueue(message: FauxqsMessage): void;
  dequeue(...options: unknown[]): unknown;
  dequeueFifo(
    maxCount: number,
    visibilityTimeoutSeconds?: number,
    findDeadLetterQueue?: FindDeadLetterQueue,
  ): unknown[];
  deleteMessage(receiptHandle: string): boolean;
  changeVisibility(receiptHandle: string, timeoutSeconds: number): void;
  checkDeduplication(id: string): Deduplication;
  recordDeduplication(id: string, messageId: string, sequenceNumber: string): void;
  /** Makes due messages visible, and wakes the receivers that wait for them. */
  processTimers(): void;
  startPollTimerIfNeeded(): void;
  /** Resolves when there may be messages, or when the time is over. */
  waitForMessages(waitSeconds: number): Promise<void>;
  /** Wakes the receivers that wait for messages. */
  notifyWaiters(): void;
}
