import { hostOf } from '../../core/destination/allowed-hosts.ts';
import type { ApiDestination, HttpMethod } from '../../core/destination/api-destination.ts';
import { defaultInvocationRateLimitPerSecond } from '../../core/destination/api-destination.ts';
import { formatEventsArn } from '../../core/destination/arn.ts';
import type { Connection } from '../../core/destination/connection.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { writtenApiDestinationAnswer } from './read-api-destinations.ts';
import { requireAllowedHost, requireConnectionArn, requireEndpoint } from './api-destination-checks.ts';
import { numberOf, requiredTextOf, textOf } from '../input.ts';
import type { Caller, ControlDependencies, Operation } from '../operation.ts';
import { alreadyExists, quota, quotaReached } from '../refusals.ts';

/**
 * Failure policy: the connection may be deleted between the check and the write. The new destination is then INACTIVE, as if
 * the connection had been deleted just after the write.
 */
export function createApiDestination(dependencies: ControlDependencies): Operation {
  const { apiDestinations } = dependencies;
  return async (input, caller) => {
    const destination = newApiDestination(dependencies, caller, input);
    requireEndpoint(dependencies, 'create', destination.invocationEndpoint);
    const connection = await requireConnectionArn(dependencies, caller, 'create', destination.connectionArn);
    requireAllowedHost(dependencies, caller, 'create', connection, destination);
    if ((await apiDestinations.read(destination.name)) !== undefined) {
      throw alreadyExists('api-destination', destination.name);
    }
    if ((await apiDestinations.count()) >= quota) throw quotaReached('api-destination');
    const host = await unknownHost(dependencies, connection, destination);
    const written = await apiDestinations.create(destination);
    if (written !== 'written') throw alreadyExists('api-destination', destination.name);
    if (host !== undefined) {
      const names = { apiDestination: destination.name, connection: connection.name };
      dependencies.credentialsLog.record({ event: 'destination-added', ...names, host }, caller);
    }
    return writtenApiDestinationAnswer(destination, connection);
  };
}

/**
 * The new destination is compared with at most this many destinations of its connection. One request to the table reads them,
 * and most connections have far fewer.
 */
const comparedDestinations = 100;

/**
 * Finds a host that none of the connection's other destinations has. The log names it, because otherwise nobody would notice
 * that the credentials go to a new host.
 *
 * Failure policy: if a connection has more destinations than are compared, a host may be logged although it is not new. The
 * first destination of a connection is not logged, because it shows where the credentials are meant to go.
 *
 * @returns undefined when the host is known, or the connection policy lists the allowed hosts
 */
async function unknownHost(
  { apiDestinations }: ControlDependencies,
  { policy }: Connection,
  { connectionArn, invocationEndpoint }: ApiDestination,
): Promise<string | undefined> {
  if (policy?.allowedHosts !== undefined) return undefined;
  const { items } = await apiDestinations.list({ connectionArn, limit: comparedDestinations });
  const host = hostOf(invocationEndpoint);
  const isKnown = items.length === 0 || items.some((other) => hostOf(other.invocationEndpoint) === host);
  return isKnown ? undefined : host;
}

function newApiDestination(
  { newUuid, clock }: ControlDependencies,
  { partition, region, account, identity }: Caller,
  input: JsonObject,
): ApiDestination {
  const name = requiredTextOf(input, 'Name');
  const description = textOf(input, 'Description');
  const incarnation = identity?.incarnation ?? newUuid();
  const nowMs = clock.nowMs();
  return {
    name,
    arn: formatEventsArn({ partition, region, account, kind: 'api-destination', name, incarnation }),
    incarnation,
    ...(description === undefined || description === '' ? {} : { description }),
    connectionArn: requiredTextOf(input, 'ConnectionArn'),
    invocationEndpoint: requiredTextOf(input, 'InvocationEndpoint'),
    httpMethod: requiredTextOf(input, 'HttpMethod') as HttpMethod,
    invocationRateLimitPerSecond:
      numberOf(input, 'InvocationRateLimitPerSecond') ?? defaultInvocationRateLimitPerSecond,
    creationTimeMs: nowMs,
    lastModifiedTimeMs: nowMs,
    revision: 1,
  };
}
