import { forbiddenHost } from '../../core/destination/allowed-hosts.ts';
import type { ApiDestination } from '../../core/destination/api-destination.ts';
import { parseEventsArn } from '../../core/destination/arn.ts';
import type { Connection } from '../../core/destination/connection.ts';
import { authorizingForMs } from '../../core/destination/connection.ts';
import type { DeliveryPolicy } from '../../core/destination/delivery-policy.ts';
import { withOverrides } from '../../core/destination/delivery-policy.ts';
import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionStates } from '../../ports/token.ts';
import type { DeliveryConfiguration, SecretReader } from '../../ports/delivery.ts';
import { createConnectionSecrets } from './connection-secrets.ts';
import { createFreshCache } from './fresh-cache.ts';
import type { ReadPolicySecrets } from './policy-secrets.ts';
import { createPolicySecrets, materialOf, namesSecrets } from './policy-secrets.ts';

export interface Resolver {
  /**
   * @param apiDestination name or ARN
   * @throws Failure of the configuration or of its store
   */
  current(apiDestination: string): Promise<ResolvedDestination>;
  /** The result of `current` when it needs no store; undefined otherwise. */
  cached(apiDestination: string): ResolvedDestination | undefined;
  /** Resolves past the cache. For use after an endpoint has refused the credentials, because they may have been changed. */
  fresh(apiDestination: string): Promise<ResolvedDestination>;
}

/** Reads only the API destination, from the same cache as the resolver. Needs neither its connection nor its secrets. */
export interface DestinationReader {
  /** The result of `currentDestination` when it needs no store; undefined otherwise. */
  cachedDestination(reference: string): ApiDestination | undefined;
  /** @returns undefined when the API destination does not exist */
  currentDestination(reference: string): Promise<ApiDestination | undefined>;
}

export interface ResolverDependencies {
  readonly configuration: DeliveryConfiguration;
  readonly secrets: SecretReader;
  readonly states: Pick<ConnectionStates, 'adopt'>;
  readonly clock: Clock;
  /** The policy of a destination that sets none. */
  readonly policy: DeliveryPolicy;
  /** Upper limit for the timeout in a policy. No function has enough time for a longer request. */
  readonly longestTimeoutMs: number;
  readonly cache: { readonly freshMs: number; readonly staleMs: number };
}

/**
 * More than the control API's quotas: 3,000 connections and 3,000 API destinations. If more destinations than this are in use,
 * each delivery costs a read.
 */
const cacheCapacity = 10_000;

/** How long a connection may be AUTHORIZING before a delivery obtains the first token itself. */
const authorizingPatienceMs = 60_000;

/**
 * Failure policy: a cache never decides that a failure is permanent. When a cached value would end a delivery, the destination
 * and its connection are read once more from the table. If that read fails, the failure of the delivery is retryable.
 *
 * Failure policy: a host that the connection's policy does not allow is refused here, even if the items in the table were
 * changed without the control API. This happens before the secret is read and before a token is requested.
 */
export function createResolver(dependencies: ResolverDependencies): Resolver & DestinationReader {
  const { configuration, secrets, states, clock, cache } = dependencies;
  const options = { ...cache, capacity: cacheCapacity };
  const destinations = createFreshCache((name) => configuration.readApiDestination(name), clock, options);
  const connections = createFreshCache((name) => configuration.readConnection(name), clock, options);
  const credentials = createConnectionSecrets({ secrets, states, clock, cache: options });
  const policySecrets = createPolicySecrets(secrets, clock, options);
  const routes = new WeakMap<ApiDestination, ResolvedDestination>();

  function cached(reference: string): ResolvedDestination | undefined {
    const destination = destinations.cached(nameOf(reference));
    const route = destination === undefined ? undefined : routes.get(destination);
    if (route === undefined || !isNamedBy(route.apiDestination, reference) || namesSecrets(route.policy))
      return undefined;
    const isFresh =
      connections.cached(route.connection.name) === route.connection && credentials.stillHolds(route.connection);
    return isFresh ? route : undefined;
  }

  async function current(reference: string): Promise<ResolvedDestination> {
    const destination = await destinations.current(nameOf(reference));
    if (destination === undefined || !isNamedBy(destination, reference)) return fresh(reference);
    const connection = await connections.current(connectionNameOf(destination));
    if (connection === undefined || !isUsable(connection, destination)) return fresh(reference);
    const known = routes.get(destination);
    if (known?.connection === connection && !namesSecrets(known.policy) && credentials.stillHolds(connection))
      return known;
    if (forbiddenHost(connection.policy, destination) !== undefined) return fresh(reference);
    const secret = await credentials.current(connection);
    if (secret === undefined) return fresh(reference);
    return route({ apiDestination: destination, connection, secret }, policySecrets.current);
  }

  async function fresh(reference: string): Promise<ResolvedDestination> {
    const destination = await destinations.fresh(nameOf(reference));
    if (destination === undefined || !isNamedBy(destination, reference)) {
      throw new Failure('ApiDestinationNotFound', `API destination '${reference}' does not exist.`);
    }
    const read = () => connections.fresh(connectionNameOf(destination));
    const stored = requireConnection(await read(), destination);
    requireAllowedHost(stored, destination);
    const upToDate = await credentials.fresh(stored, read);
    // The connection may have been read once more, and may now have another policy.
    requireAllowedHost(upToDate.connection, destination);
    const usable = requireUsable(upToDate.connection, destination, clock.nowMs());
    const secret = upToDate.secret ?? (await credentials.current(usable));
    if (secret !== undefined) {
      return route({ apiDestination: destination, connection: usable, secret }, policySecrets.fresh);
    }
    throw new Failure('SecretNotFound', `The secret of connection '${usable.name}' does not exist.`);
  }

  /**
   * Failure policy: a shorter timeout is better than no request at all. The policy may come from a time when the functions had
   * a longer time limit. If an event waited for the functions to get this limit back, it would expire.
   */
  function policyOf(apiDestination: ApiDestination): DeliveryPolicy {
    const policy = withOverrides(dependencies.policy, apiDestination.policy);
    return { ...policy, timeoutMs: Math.min(policy.timeoutMs, dependencies.longestTimeoutMs) };
  }

  async function route(
    parts: Pick<ResolvedDestination, 'apiDestination' | 'connection' | 'secret'>,
    read: ReadPolicySecrets,
  ): Promise<ResolvedDestination> {
    const { apiDestination, connection } = parts;
    const policy = policyOf(apiDestination);
    const material = namesSecrets(policy) ? await read(policy, apiDestination.name) : materialOf(policy);
    const found = { ...parts, policy, ...material };
    if (connection.state === 'AUTHORIZED') routes.set(apiDestination, found);
    return found;
  }

  return {
    cached,
    current,
    fresh,
    cachedDestination: (reference) => ifNamedBy(destinations.cached(nameOf(reference)), reference),
    currentDestination: async (reference) => ifNamedBy(await destinations.current(nameOf(reference)), reference),
  };
}

function nameOf(reference: string): string {
  return parseEventsArn(reference)?.name ?? reference;
}

function isNamedBy(apiDestination: ApiDestination, reference: string): boolean {
  return apiDestination.name === reference || apiDestination.arn === reference;
}

function ifNamedBy(apiDestination: ApiDestination | undefined, reference: string): ApiDestination | undefined {
  return apiDestination !== undefined && isNamedBy(apiDestination, reference) ? apiDestination : undefined;
}

function connectionNameOf(apiDestination: ApiDestination): string {
  return parseEventsArn(apiDestination.connectionArn)?.name ?? apiDestination.connectionArn;
}

function isUsable(connection: Connection, apiDestination: ApiDestination): boolean {
  return connection.arn === apiDestination.connectionArn && connection.state === 'AUTHORIZED';
}

/** @throws Failure ConnectionNotFound */
function requireConnection(connection: Connection | undefined, destination: ApiDestination): Connection {
  if (connection?.arn === destination.connectionArn) return connection;
  throw connectionNotFound(destination);
}

function connectionNotFound({ name }: ApiDestination): Failure {
  return new Failure('ConnectionNotFound', `The connection of API destination '${name}' does not exist.`);
}

/** @throws Failure when this connection may not be used, or not yet */
function requireUsable(connection: Connection, destination: ApiDestination, nowMs: number): Connection {
  switch (connection.state) {
    case 'AUTHORIZED':
      return connection;
    case 'AUTHORIZING':
      if (authorizingForMs(connection, nowMs) > authorizingPatienceMs) return connection;
      throw new Failure('ConnectionNotReady', `Connection '${connection.name}' is ${connection.state}.`);
    case 'DELETING':
      throw connectionNotFound(destination);
    case 'CREATING':
    case 'UPDATING':
      throw new Failure('ConnectionNotReady', `Connection '${connection.name}' is ${connection.state}.`);
    case 'DEAUTHORIZING':
    case 'DEAUTHORIZED':
      throw new Failure('ConnectionDeauthorized', `Connection '${connection.name}' is deauthorized.`);
  }
}

/** @throws Failure HostNotAllowed that names host and connection */
function requireAllowedHost({ name, policy }: Connection, destination: ApiDestination): void {
  const forbidden = forbiddenHost(policy, destination);
  if (forbidden === undefined) return;
  const text = `The policy of connection '${name}' does not allow its credentials to go to host '${forbidden.host}'.`;
  throw new Failure('HostNotAllowed', text);
}
