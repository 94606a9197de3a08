import type { ApiDestination } from '../core/api-destination.ts';
import { parseEventsArn } from '../core/arn.ts';
import type { Connection } from '../core/connection.ts';
import { requireInvocableEndpoint } from './endpoints.ts';
import type { ControlDependencies } from './operation.ts';
import type { Verb } from './refusals.ts';
import { connectionArnNotFound, notFound } from './refusals.ts';

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
