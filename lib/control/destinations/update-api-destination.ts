import type { ApiDestination, HttpMethod } from '../../core/destination/api-destination.ts';
import { hostOf } from '../../core/destination/allowed-hosts.ts';
import type { Connection } from '../../core/destination/connection.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { writtenApiDestinationAnswer } from './read-api-destinations.ts';
import {
  connectionNameOf,
  connectionOf,
  requireAllowedHost,
  requireApiDestination,
  requireConnectionArn,
  requireEndpoint,
} from './api-destination-checks.ts';
import { numberOf, requiredTextOf, textOf } from '../input.ts';
import type { Caller, ControlDependencies, Operation } from '../operation.ts';
import { concurrentlyModified, notFound } from '../refusals.ts';

const verb = 'update';

/** Changes only the members that the request contains. */
export function updateApiDestination(dependencies: ControlDependencies): Operation {
  return async (input, caller) => {
    const name = requiredTextOf(input, 'Name');
    const endpoint = textOf(input, 'InvocationEndpoint');
    if (endpoint !== undefined) requireEndpoint(dependencies, verb, endpoint);
    const before = await requireApiDestination(dependencies, verb, name);
    const connectionArn = textOf(input, 'ConnectionArn');
    const connection =
      connectionArn === undefined
        ? await connectionOf(dependencies, before.connectionArn)
        : await requireConnectionArn(dependencies, caller, verb, connectionArn);
    const after = changed(before, input, dependencies.clock.nowMs());
    // Other members can be changed even if the connection policy no longer allows the host.
    const moves = endpoint !== undefined || connectionArn !== undefined;
    if (moves && connection !== undefined) requireAllowedHost(dependencies, caller, verb, connection, after);
    const written = await dependencies.apiDestinations.update(before, after);
    if (written === 'absent') throw notFound(verb, 'api-destination', name);
    if (written !== 'written') throw concurrentlyModified(verb, 'api-destination', name);
    if (connection !== undefined) logMove(dependencies, caller, connection, before, after);
    return writtenApiDestinationAnswer(after, connection);
  };
}

function changed({ description: former, ...before }: ApiDestination, input: JsonObject, nowMs: number): ApiDestination {
  // An empty description removes the old one.
  const description = textOf(input, 'Description') ?? former ?? '';
  return {
    ...before,
    ...(description === '' ? {} : { description }),
    connectionArn: textOf(input, 'ConnectionArn') ?? before.connectionArn,
    invocationEndpoint: textOf(input, 'InvocationEndpoint') ?? before.invocationEndpoint,
    httpMethod: (textOf(input, 'HttpMethod') as HttpMethod | undefined) ?? before.httpMethod,
    invocationRateLimitPerSecond:
      numberOf(input, 'InvocationRateLimitPerSecond') ?? before.invocationRateLimitPerSecond,
    lastModifiedTimeMs: nowMs,
    revision: before.revision + 1,
  };
}

/** Logs that the credentials go to a new host. If the connection policy lists the allowed hosts, nothing is logged. */
function logMove(
  { credentialsLog }: ControlDependencies,
  caller: Caller,
  connection: Connection,
  before: ApiDestination,
  after: ApiDestination,
): void {
  const [fromHost = '', toHost = ''] = [hostOf(before.invocationEndpoint), hostOf(after.invocationEndpoint)];
  const hasOtherConnection = before.connectionArn !== after.connectionArn;
  if (connection.policy?.allowedHosts !== undefined || (fromHost === toHost && !hasOtherConnection)) return;
  const names = { apiDestination: after.name, connection: connection.name, fromHost, toHost };
  const former = hasOtherConnection ? { formerConnection: connectionNameOf(before.connectionArn) } : {};
  credentialsLog.record({ event: 'destination-moved', ...names, ...former }, caller);
}
