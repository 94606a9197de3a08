import type { RequestSettings } from '../lib/adapters/aws/signed-request.ts';
import type { OnDemand } from './on-demand.ts';
import { onDemand } from './on-demand.ts';
import type { Queues } from './queue-adapters.ts';
import type { Stores } from './store-adapters.ts';

/** Loads the code that each first delivery needs: the AWS clients and the HTTP client. */
export async function loadFirstDelivery(): Promise<void> {
  await import('./store-adapters.ts');
  await Promise.all([import('undici/lib/dispatcher/pool.js'), import('undici/lib/core/connect.js')]);
}

/** The ports load their adapters, and with them the AWS clients, at the first call. */
export function storesOnDemand(load: () => Promise<Stores>): Stores {
  const stores = onDemand(load);
  const { use } = stores;
  return {
    configuration: {
      readApiDestination: (name) => use(({ configuration }) => configuration.readApiDestination(name)),
      readConnection: (name) => use(({ configuration }) => configuration.readConnection(name)),
    },
    secrets: { read: (secretArn, version) => use(({ secrets }) => secrets.read(secretArn, version)) },
    states: {
      adopt: (connection, version, nowMs) => use(({ states }) => states.adopt(connection, version, nowMs)),
      noteReason: (note) => use(({ states }) => states.noteReason(note)),
      change: (change) => use(({ states }) => states.change(change)),
    },
    tokenStore: {
      read: (incarnation) => use(({ tokenStore }) => tokenStore.read(incarnation)),
      takeLease: (lease) => use(({ tokenStore }) => tokenStore.takeLease(lease)),
      save: (incarnation, holder, token) => use(({ tokenStore }) => tokenStore.save(incarnation, holder, token)),
      endLease: (incarnation, holder, pause) =>
        use(({ tokenStore }) => tokenStore.endLease(incarnation, holder, pause)),
    },
    runs: {
      add: (refused) => use(({ runs }) => runs.add(refused)),
      end: (connection, sinceMs) => use(({ runs }) => runs.end(connection, sinceMs)),
    },
    buckets: {
      write: (key, write) => use(({ buckets }) => buckets.write(key, write)),
      read: (key) => use(({ buckets }) => buckets.read(key)),
    },
    settings: settingsOf(stores),
  };
}

/** The ports load their adapters, and with them the AWS client for SQS, at the first call. */
export function queuesOnDemand(load: () => Promise<Queues>): Queues {
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
