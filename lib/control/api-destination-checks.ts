import { forbiddenHost } from '../core/allowed-hosts.ts';
import type { ApiDestination } from '../core/api-destination.ts';
import { parseEventsArn } from '../core/arn.ts';
import type { Connection } from '../core/connection.ts';
import { requireInvocableEndpoint } from './endpoints.ts';
import type { Caller, ControlDependencies } from './operation.ts';
import type { Verb } from './refusals.ts';
import { connectionArnNotFound, invalidParameter, notFound } from './refusals.ts';

/** @throws ServiceError ResourceNotFoundException */
export async function requireApiDestination(
  { apiDestinations }: ControlDependencies,
  verb: Verb,
  name: string,
): Promise<ApiDestination> {
  const destination = await apiDestinations.read(name);
  if (destination === undefined) throw notFound(verb, 'api-destination', name);
  return destination;
}

/** @throws ServiceError ValidationException */
export function requireEndpoint({ allowlist }: ControlDependencies, verb: Verb, endpoint: string): void {
  requireInvocableEndpoint(verb, 'api-destination', 'InvocationEndpoint', endpoint, allowlist);
}

/**
 * The connection that a client names by its ARN. One of another incarnation, region or account has another ARN, so it is
 * not there; neither is one that is being deleted.
 *
 * @throws ServiceError ResourceNotFoundException
 */
export async function requireConnectionArn(
  dependencies: ControlDependencies,
  verb: Verb,
  connectionArn: string,
): Promise<Connection> {
  const connection = await connectionOf(dependencies, connectionArn);
  if (connection === undefined || connection.state === 'DELETING') throw connectionArnNotFound(verb, connectionArn);
  return connection;
}

/** @returns undefined when that incarnation is gone */
export async function connectionOf(
  { connections }: ControlDependencies,
  connectionArn: string,
): Promise<Connection | undefined> {
  const connection = await connections.read(connectionNameOf(connectionArn));
  return connection?.arn === connectionArn ? connection : undefined;
}

export function connectionNameOf(connectionArn: string): string {
  return parseEventsArn(connectionArn)?.name ?? connectionArn;
}

/**
 * Failure policy: this spares a destination that could deliver nothing, and tells of the attempt. Connection and destination
 * are two items, so a policy may be put between this check and the write; what holds in any case is the check of whoever
 * sends.
 *
 * @throws ServiceError ValidationException that names the parameter and says which hosts the connection's policy allows
 */
export function requireAllowedHost(
  { credentialsLog }: ControlDependencies,
  caller: Caller,
  verb: Verb,
  connection: Connection,
  destination: ApiDestination,
): void {
  const forbidden = forbiddenHost(connection.policy, destination);
  if (forbidden === undefined) return;
  const { parameter, host } = forbidden;
  const names = { apiDestination: destination.name, connection: connection.name };
  credentialsLog.record({ event: 'destination-refused', ...names }, caller);
  const allowed = connection.policy?.allowedHosts?.join(', ') ?? '';
  const reason = `The policy of connection '${connection.name}' allows its credentials to go to ${allowed}, not to '${host}'.`;
  throw invalidParameter(verb, 'api-destination', parameter, reason);
}
