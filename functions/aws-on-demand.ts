import { randomUUID } from 'node:crypto';
import type { RequestSettings } from '../lib/adapters/aws/signed-request.ts';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { Config, Environment } from '../lib/config.ts';
import type { DeliverMessages } from '../lib/delivery/deliver-messages.ts';
import type { OrderedDelivererDependencies } from '../lib/delivery/order/deliver-in-order.ts';
import type { Ordering } from '../lib/delivery/order/ordering.ts';
import { createOrdering } from '../lib/delivery/order/ordering.ts';
import type { DestinationReader } from '../lib/delivery/route/resolver.ts';
import type { OrderedQueue, ProgressStore } from '../lib/ports/order.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { Transformations } from '../lib/ports/transformations.ts';
import type { ConnectionStateChange } from '../lib/ports/token.ts';
import type { ClientStores } from './client-adapters.ts';
import type { OrderedPorts, Queues } from './queue-adapters.ts';
import type { Stores } from './store-adapters.ts';

/** A part of a function that is loaded when it is first used. */
export interface OnDemand<Part> {
  /** Calls the part, as soon as it is loaded. Performance: when it is loaded, the call adds no promise of its own. */
  use<Result>(call: (part: Part) => Promise<Result>): Promise<Result>;
}

/**
 * Calls that come while the part is being loaded wait for the same load.
 *
 * Failure policy: if the part cannot be loaded, every call that waits for it rejects with the reason, and the next call tries
 * again. So its delivery goes back to its sender, and this worker can deliver it later.
 */
export function onDemand<Part>(load: () => Promise<Part>): OnDemand<Part> {
  let loaded: { readonly part: Part } | undefined;
  let loading: Promise<Part> | undefined;

  async function loadOnce(): Promise<Part> {
    try {
      const part = await load();
      loaded = { part };
      return part;
    } finally {
      loading = undefined;
    }
  }

  return {
    use: (call) => (loaded === undefined ? (loading ??= loadOnce()).then(call) : call(loaded.part)),
  };
}

/** Loads the code that each first delivery needs: the calls of the stores and the HTTP client. */
export async function loadFirstDelivery(): Promise<void> {
  await Promise.all([
    import('./store-adapters.ts'),
    import('undici/lib/dispatcher/pool.js'),
    import('undici/lib/core/connect.js'),
  ]);
}

export interface StoresOptions {
  readonly aws: AwsClientConfig;
  readonly tableName: string;
  readonly clock: Clock;
  readonly connectionChanged: (change: ConnectionStateChange) => void;
}

/** Calls a part that is loaded when it is first used. */
export type UseOf<Part> = OnDemand<Part>['use'];

export type AllStores = Omit<Stores, 'progressStore'> &
  Omit<ClientStores, 'storeSettings'> & { readonly progress: UseOf<ProgressStore> };

export type AllQueues = Omit<Queues, 'ordered'> & { readonly ordered: UseOf<OrderedPorts> };

/** @param environment if these variables hold every setting that calls of the stores need, no AWS client is loaded for these calls */
export function wireStores(options: StoresOptions, environment: Environment = process.env): AllStores {
  const { aws, tableName, clock, connectionChanged } = options;
  const clients = onDemand(async () => {
    const { createClientStores } = await import('./client-adapters.ts');
    return createClientStores(aws, tableName, connectionChanged);
  });
  const clientSettings = () => clients.use(async ({ storeSettings }) => storeSettings);
  const stores = onDemand(async () => {
    const { createStores } = await import('./store-adapters.ts');
    return createStores({ aws, environment, tableName, clock, clientSettings });
  });
  return storesOnDemand(stores, clients);
}

/** The ports load their adapters, and some of them the AWS clients, at the first call. */
export function storesOnDemand({ use }: OnDemand<Stores>, clients: OnDemand<ClientStores>): AllStores {
  const { use: useClients } = clients;
  return {
    configuration: {
      readApiDestination: (name) => use(({ configuration }) => configuration.readApiDestination(name)),
      readConnection: (name) => use(({ configuration }) => configuration.readConnection(name)),
    },
    secrets: { read: (secretArn, version) => use(({ secrets }) => secrets.read(secretArn, version)) },
    states: {
      adopt: (connection, version, nowMs) => useClients(({ states }) => states.adopt(connection, version, nowMs)),
      noteReason: (note) => useClients(({ states }) => states.noteReason(note)),
      change: (change) => useClients(({ states }) => states.change(change)),
    },
    tokenStore: {
      read: (incarnation) => useClients(({ tokenStore }) => tokenStore.read(incarnation)),
      takeLease: (lease) => useClients(({ tokenStore }) => tokenStore.takeLease(lease)),
      save: (incarnation, holder, token) => useClients(({ tokenStore }) => tokenStore.save(incarnation, holder, token)),
      endLease: (incarnation, holder, pause) =>
        useClients(({ tokenStore }) => tokenStore.endLease(incarnation, holder, pause)),
    },
    runs: {
      add: (refused) => useClients(({ runs }) => runs.add(refused)),
      end: (connection, sinceMs) => useClients(({ runs }) => runs.end(connection, sinceMs)),
    },
    buckets: {
      write: (key, write) => use(({ buckets }) => buckets.write(key, write)),
      read: (key) => use(({ buckets }) => buckets.read(key)),
    },
    progress: (call) => use(({ progressStore }) => call(progressStore)),
    settings: settingsOf(clients),
  };
}

/** The code that evaluates JSONata is loaded with the first expression. */
export function transformationsOnDemand(clock: Clock): Transformations {
  const { use } = onDemand(async () => {
    const { createJsonataTransformations } = await import('../lib/adapters/jsonata/transformations.ts');
    return createJsonataTransformations(clock);
  });
  return { apply: (transformation, signal) => use(({ apply }) => apply(transformation, signal)) };
}

/** Few stacks have ordered deliveries, so their code is loaded with the first event that needs it. */
export function wireOrdering(
  { ORDERED_QUEUE_URL: queueUrl }: Config,
  destinations: DestinationReader,
  ports: UseOf<OrderedPorts>,
  clock: Clock,
): Ordering {
  const { use } = onDemand(async () => {
    const { createHandOver } = await import('../lib/delivery/order/hand-over.ts');
    const queue: OrderedQueue = {
      send: (queued, place, signal) => ports((ordered) => ordered.queue.send(queued, place, signal)),
    };
    return createHandOver(queueUrl === undefined ? undefined : queue, clock, randomUUID);
  });
  return createOrdering(destinations, queueUrl !== undefined, (handedOver, signal) =>
    use((handOver) => handOver(handedOver, signal)),
  );
}

/** @param parts the ports of the ordered queue are added to them */
export function orderedDelivererOnDemand(
  parts: Omit<OrderedDelivererDependencies, 'received' | 'held' | 'progressStore'>,
  ports: UseOf<OrderedPorts>,
  progress: UseOf<ProgressStore>,
): DeliverMessages {
  const { use } = onDemand(async () => {
    const { createOrderedDeliverer } = await import('../lib/delivery/order/deliver-in-order.ts');
    const { received, held } = await ports(async (ordered) => ordered);
    return createOrderedDeliverer({ ...parts, received, held, progressStore: await progress(async (store) => store) });
  });
  return (messages, deadline) => use((deliverInOrder) => deliverInOrder(messages, deadline));
}

/** The ports load their adapters, and with them the AWS client for SQS, at the first call. */
export function queuesOnDemand(load: () => Promise<Queues>): AllQueues {
  const queues = onDemand(load);
  const { use } = queues;
  return {
    queue: { send: (queued, group) => use(({ queue }) => queue.send(queued, group)) },
    deadLetters: { send: (deadLetter) => use(({ deadLetters }) => deadLetters.send(deadLetter)) },
    received: {
      remove: (receiptHandle, isWanted) => use(({ received }) => received.remove(receiptHandle, isWanted)),
      removeNow: () => use(({ received }) => received.removeNow()),
    },
    rawMessages: {
      sendBack: (message) => use(({ rawMessages }) => rawMessages.sendBack(message)),
      sendToDeadLetters: (message, failure) =>
        use(({ rawMessages }) => rawMessages.sendToDeadLetters(message, failure)),
    },
    ordered: (call) => use(({ ordered }) => call(ordered)),
    settings: settingsOf(queues),
  };
}

function settingsOf({ use }: OnDemand<{ readonly settings: RequestSettings }>): RequestSettings {
  return {
    credentials: () => use(({ settings }) => settings.credentials()),
    region: () => use(({ settings }) => settings.region()),
    useFipsEndpoint: () => use(({ settings }) => settings.useFipsEndpoint()),
    requestHandler: {
      handle: (request, options) => use(({ settings }) => settings.requestHandler.handle(request, options)),
    },
  };
}
