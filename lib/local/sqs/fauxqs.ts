import type { IsWithheld } from './fair-messages.ts';
import { withScopedIds } from './deduplication.ts';
import { messagesOf, withGroup } from './fauxqs-corrections.ts';
import { loadParts, type Parts, type Persistence, type Router, type Store } from './fauxqs-parts.ts';
import { receivableMessages } from './fifo-corrections.ts';
import { Refusal } from '../stack/wire.ts';

/** Arguments and results in the form of awsJson1_0. */
export type SqsMembers = Readonly<Record<string, unknown>>;

/** The queues of one region. */
export interface SqsEngine {
  /** @throws SqsRefusal */
  perform(operation: string, input: SqsMembers): Promise<SqsMembers>;
  /** Returns the operations that the event source of this standard queue uses. */
  eventSourceQueue(queueName: string): EventSourceQueue;
  /**
   * The number of visible messages, without those of the groups that are mostly put back. Of a FIFO queue, the messages whose
   * group is locked do not count either, and not more than 1000 are counted.
   */
  urgentIn(queueName: string): number;
  /** Makes every waiting long poll return at once. */
  endWaits(): void;
  close(): void;
}

/** The operations of a standard queue that only an event source uses. */
export interface EventSourceQueue {
  /**
   * ReceiveMessage, but without the messages of withheld groups.
   *
   * @throws SqsRefusal
   */
  receive(input: SqsMembers, isWithheld: IsWithheld): Promise<SqsMembers>;
  isMostlyPutBack(group: string): boolean;
  isInFlight(receiptHandle: string): boolean;
  /** Makes a waiting `receive` read the queue again. Call this when a group may no longer be withheld. */
  lookAgain(): void;
}

/** An SQS error. `queryCode` is its code in the older query protocol, where that code differs. */
export class SqsRefusal extends Refusal {
  readonly queryCode: string;

  constructor(code: string, message: string, queryCode = code, status = 400) {
    super(code, message, status);
    this.queryCode = queryCode;
  }
}

export interface FauxqsOptions {
  /**
   * The folder of the messages; undefined keeps them in memory. The records have no region, so each region needs its
   * own folder.
   */
  readonly folder: string | undefined;
  /**
   * Queues whose only reader ended with the earlier process. The messages that this reader had received become visible at
   * once.
   */
  readonly unread: readonly string[];
}

/**
 * Opens fauxqs without its HTTP server, which listens on every interface and takes 0.2 s to load. One fault of fauxqs is
 * corrected here: it fails to update a stored message that becomes visible again.
 */
export async function openFauxqs(region: string, options: FauxqsOptions): Promise<SqsEngine> {
  const parts = await loadParts();
  const store = new parts.store();
  store.region = region;
  const persistence = options.folder === undefined ? undefined : openPersistence(parts, options, store);
  const router = new parts.router(store);
  for (const [operation, action] of parts.actions) router.register(operation, action);
  return {
    perform: (operation, input) => perform(router, operation, withScopedIds(store, input)),
    eventSourceQueue: (queueName) => eventSourceQueue(router, store, queueName),
    urgentIn(queueName) {
      const queue = store.getQueueByName(queueName);
      if (queue?.isFifo() === true) return receivableMessages(queue, mostCounted);
      return queue === undefined ? 0 : messagesOf(queue).fair.urgentLength;
    },
    endWaits: () => store.shutdown(),
    close: () => {
      store.shutdown();
      persistence?.close();
    },
  };
}

/** Ends the count of messages in a FIFO queue with many groups. */
const mostCounted = 1000;

function openPersistence(parts: Parts, { folder = '', unread }: FauxqsOptions, store: Store): Persistence {
  const persistence = new parts.persistence(folder);
  // With this setting, a killed process loses no committed change. A crash of the machine can lose the newest changes.
  persistence.db.exec('PRAGMA synchronous = NORMAL');
  const release = 'UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL';
  const releaseQueue = persistence.db.prepare(`${release} WHERE queue_name = ?`);
  for (const queueName of unread) releaseQueue.run(queueName);
  persistence.loadSqsAndSns(store, { topics: new Map(), subscriptions: new Map() });
  const releaseMessage = persistence.db.prepare(`${release} WHERE message_id = ?`);
  persistence.updateMessageReady = (messageId) => void releaseMessage.run(messageId);
  store.persistence = persistence;
  for (const queue of store.allQueues()) queue.persistence = persistence;
  return persistence;
}

function eventSourceQueue(router: Router, store: Store, queueName: string): EventSourceQueue {
  return {
    async receive({ WaitTimeSeconds, ...input }, isWithheld) {
      let isLast = !(Number(WaitTimeSeconds) > 0);
      for (;;) {
        const queue = store.getQueueByName(queueName);
        const now = () => perform(router, 'ReceiveMessage', { ...input, WaitTimeSeconds: 0 });
        // fauxqs takes the messages synchronously, so the groups are still withheld when it does.
        const output = await (queue === undefined ? now() : messagesOf(queue).fair.withholding(isWithheld, now));
        if (queue === undefined || output['Messages'] !== undefined || isLast) return output;
        // A message may have arrived before this call began to wait. Such a message wakes no receiver, so receive again.
        const { fair } = messagesOf(queue);
        if (fair.withholding(isWithheld, () => fair.isOffering)) continue;
        await queue.waitForMessages(Number(WaitTimeSeconds));
        isLast = true;
      }
    },
    isInFlight: (receiptHandle) => store.getQueueByName(queueName)?.inflightMessages.has(receiptHandle) ?? false,
    isMostlyPutBack(group) {
      const queue = store.getQueueByName(queueName);
      return queue !== undefined && messagesOf(queue).fair.isMostlyPutBack(group);
    },
    lookAgain() {
      const queue = store.getQueueByName(queueName);
      if (queue !== undefined && queue.messages.length > 0) queue.notifyWaiters();
    },
  };
}

async function perform(router: Router, operation: string, input: SqsMembers): Promise<SqsMembers> {
  let status = 200;
  let queryCode: string | undefined;
  const reply = {
    status: (code: number) => void (status = code),
    header: (name: string, value: string) => {
      if (name === 'x-amzn-query-error') queryCode = value.split(';')[0];
    },
  };
  const headers = { 'x-amz-target': `AmazonSQS.${operation}`, host: 'localhost' };
  const result = await router.handle({ headers, body: withGroups(input) }, reply);
  if (status === 200) return result;
  const code = String(result['__type']).replace(/^.*#/, '');
  throw new SqsRefusal(code, String(result['message']), queryCodeOf(code, queryCode), status);
}

function withGroups(input: SqsMembers): SqsMembers {
  const entries = input['Entries'];
  return withGroup(Array.isArray(entries) ? { ...input, Entries: entries.map(withGroup) } : input);
}

/** Errors whose code in the query protocol has no prefix. fauxqs always adds a prefix. Source: the SQS API reference. */
const plainQueryCodes: Readonly<Record<string, string>> = {
  QueueNameExists: 'QueueAlreadyExists',
  InvalidParameterValue: 'InvalidParameterValue',
  MissingParameter: 'MissingParameter',
  InvalidMessageContents: 'InvalidMessageContents',
  InvalidAttributeName: 'InvalidAttributeName',
  InvalidAttributeValue: 'InvalidAttributeValue',
  ReceiptHandleIsInvalid: 'ReceiptHandleIsInvalid',
  InvalidAction: 'InvalidAction',
};

function queryCodeOf(code: string, given: string | undefined): string {
  return plainQueryCodes[code] ?? given ?? code;
}
