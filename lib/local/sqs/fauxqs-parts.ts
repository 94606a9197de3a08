import { correctFauxqs, type TextPattern } from './fauxqs-corrections.ts';
import type { FauxqsQueue, QueuePersistence } from './fauxqs-queue.ts';

/** The parts of fauxqs 2.4.1 that the stack uses. */
export interface Parts {
  readonly store: { new (): Store };
  readonly queue: { readonly prototype: FauxqsQueue };
  readonly router: { new (store: Store): Router };
  readonly persistence: { new (folder: string): Persistence };
  readonly bodyPattern: TextPattern;
  readonly actions: ReadonlyMap<string, unknown>;
}

export interface Store {
  region?: string;
  persistence?: Persistence;
  allQueues(): Iterable<FauxqsQueue>;
  getQueue(url: string): FauxqsQueue | undefined;
  getQueueByName(name: string): FauxqsQueue | undefined;
  /** Ends the waits of long polls, and does nothing else. */
  shutdown(): void;
}

export interface Router {
  register(operation: string, action: unknown): void;
  handle(request: object, reply: object): Promise<Readonly<Record<string, unknown>>>;
}

export interface Persistence extends QueuePersistence {
  readonly db: { exec(sql: string): void; prepare(sql: string): { run(...values: readonly string[]): unknown } };
  loadSqsAndSns(sqs: Store, sns: object): void;
  updateMessageReady(messageId: string): void;
  close(): void;
}

const operations = [
  'CreateQueue',
  'DeleteQueue',
  'GetQueueUrl',
  'ListQueues',
  'GetQueueAttributes',
  'SetQueueAttributes',
  'PurgeQueue',
  'SendMessage',
  'SendMessageBatch',
  'ReceiveMessage',
  'DeleteMessage',
  'DeleteMessageBatch',
  'ChangeMessageVisibility',
  'ChangeMessageVisibilityBatch',
  'TagQueue',
  'UntagQueue',
  'ListQueueTags',
];

let loaded: Promise<Parts> | undefined;

export function loadParts(): Promise<Parts> {
  loaded ??= importParts();
  return loaded;
}

/** The package fauxqs exports only its server, so the other parts are imported by their paths. */
async function importParts(): Promise<Parts> {
  const root = import.meta.resolve('fauxqs');
  const part = async (path: string, name: string): Promise<unknown> => {
    const module = (await import(new URL(path, root).href)) as Record<string, unknown>;
    if (module[name] === undefined) throw new Error(`fauxqs has no ${name} in ${path}.`);
    return module[name];
  };
  const actions = operations.map(async (operation): Promise<[string, unknown]> => {
    const name = operation.charAt(0).toLowerCase() + operation.slice(1);
    return [operation, await part(`./sqs/actions/${name}.js`, name)];
  });
  const parts = {
    store: await part('./sqs/sqsStore.js', 'SqsStore'),
    queue: await part('./sqs/sqsStore.js', 'SqsQueue'),
    router: await part('./sqs/sqsRouter.js', 'SqsRouter'),
    persistence: await part('./persistence.js', 'PersistenceManager'),
    bodyPattern: await part('./sqs/sqsTypes.js', 'INVALID_MESSAGE_BODY_CHAR'),
    actions: new Map(await Promise.all(actions)),
  } as Parts;
  correctFauxqs(parts.bodyPattern, parts.queue.prototype);
  return parts;
}
