import type { Connection, ConnectionState } from '../../core/destination/connection.ts';
import { namedSecretArn } from '../../core/destination/connection.ts';
import type { ControlDependencies } from '../operation.ts';
import type { Verb } from '../refusals.ts';
import { concurrentlyModified, notFound } from '../refusals.ts';

/** Members that a write changes; undefined takes one away. */
export type ConnectionChanges = {
  readonly [Member in Exclude<keyof Connection, 'name' | 'arn' | 'incarnation' | 'revision'>]?:
    | Connection[Member]
    | undefined;
};

/** States in which an operation is under way, or was given up half-way. */
const transitional: ReadonlySet<ConnectionState> = new Set(['CREATING', 'DELETING', 'DEAUTHORIZING']);

/** How long an operation can be under way at most: longer than the function that runs it may take. */
const abandonedAfterMs = 60_000;

/** Whether whoever was creating or deleting the connection has died over it. */
export function isAbandoned({ state, lastModifiedTimeMs }: Connection, nowMs: number): boolean {
  return (state === 'CREATING' || state === 'DELETING') && nowMs - lastModifiedTimeMs > abandonedAfterMs;
}

/** @throws ServiceError ResourceNotFoundException */
export async function requireConnection(
  { connections }: ControlDependencies,
  verb: Verb,
  name: string,
): Promise<Connection> {
  const connection = await connections.read(name);
  if (connection === undefined) throw notFound(verb, 'connection', name);
  return connection;
}

/** ARN or name of the secret that the stack keeps for a connection, or has kept: the only one that it ever removes. */
export function ownSecretId(connection: Connection): string {
  const { secretArn, secretName } = connection;
  return secretArn === undefined || namedSecretArn(connection) !== undefined ? secretName : secretArn;
}

/** @throws ServiceError ConcurrentModificationException while another operation has the connection in its hands */
export function refuseTransitional(verb: Verb, { name, state }: Connection): void {
  if (transitional.has(state)) throw concurrentlyModified(verb, 'connection', name);
}

/**
 * Writes changes to a connection as it was read.
 *
 * @returns the connection as it now is
 * @throws ServiceError ConcurrentModificationException when it is not that one any more, ResourceNotFoundException when
 *   it is gone
 */
export async function writeConnection(
  { connections, clock }: ControlDependencies,
  verb: Verb,
  before: Connection,
  changes: ConnectionChanges,
): Promise<Connection> {
  const members = { ...before, lastModifiedTimeMs: clock.nowMs(), ...changes, revision: before.revision + 1 };
  const after = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as unknown;
  const written = await connections.update(before, after as Connection);
  // Whoever creates a connection knows of none that it could miss: another one has deleted it meanwhile.
  if (written === 'absent' && verb !== 'create') throw notFound(verb, 'connection', before.name);
  if (written !== 'written') throw concurrentlyModified(verb, 'connection', before.name);
  return after as Connection;
}

/**
 * Removes a connection and its own secret.
 *
 * Failure policy: first the item says DELETING, so that nothing uses the connection and nobody else changes it; then the
 * secret goes, then the item. What fails half-way leaves an item that still names its secret, and doing it again
 * finishes it. A secret without an item would be found by nobody.
 *
 * @returns the connection as it was last
 * @throws ServiceError ConcurrentModificationException
 */
export async function removeConnection(
  dependencies: ControlDependencies,
  verb: Verb,
  connection: Connection,
): Promise<Connection> {
  const { connections, secretWriter } = dependencies;
  const deleting =
    connection.state === 'DELETING'
      ? connection
      : await writeConnection(dependencies, verb, connection, { state: 'DELETING', stateReason: undefined });
  await secretWriter.remove(ownSecretId(deleting));
  const removed = await connections.remove(deleting);
  if (removed === 'changed') throw concurrentlyModified(verb, 'connection', connection.name);
  return deleting;
}
