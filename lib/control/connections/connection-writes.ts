import type { Connection, ConnectionState } from '../../core/destination/connection.ts';
import { namedSecretArn } from '../../core/destination/connection.ts';
import type { ControlDependencies } from '../operation.ts';
import type { Verb } from '../refusals.ts';
import { concurrentlyModified, notFound } from '../refusals.ts';

/** The members that a write changes. A member whose value is undefined is removed. */
export type ConnectionChanges = {
  readonly [Member in Exclude<keyof Connection, 'name' | 'arn' | 'incarnation' | 'revision'>]?:
    | Connection[Member]
    | undefined;
};

/** The states of a connection while an operation changes it. They also remain after an operation that stopped half-way. */
const transitional: ReadonlySet<ConnectionState> = new Set(['CREATING', 'DELETING', 'DEAUTHORIZING']);

/** Longer than the time limit of control-api, so an operation that began earlier cannot still be running. */
const abandonedAfterMs = 60_000;

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

/** ARN or name of the secret that the stack created for a connection. The stack never removes any other secret. */
export function ownSecretId(connection: Connection): string {
  const { secretArn, secretName } = connection;
  return secretArn === undefined || namedSecretArn(connection) !== undefined ? secretName : secretArn;
}

/** @throws ServiceError ConcurrentModificationException while another operation is changing the connection */
export function refuseTransitional(verb: Verb, { name, state }: Connection): void {
  if (transitional.has(state)) throw concurrentlyModified(verb, 'connection', name);
}

/**
 * Writes changes to a connection, unless somebody has changed it since it was read.
 *
 * @returns the connection after the write
 * @throws ServiceError ConcurrentModificationException when somebody has changed the connection,
 *   ResourceNotFoundException when somebody has deleted it
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
  // If the item is absent during a create, another request has deleted it. The client then gets a conflict.
  if (written === 'absent' && verb !== 'create') throw notFound(verb, 'connection', before.name);
  if (written !== 'written') throw concurrentlyModified(verb, 'connection', before.name);
  return after as Connection;
}

/**
 * Removes a connection and the secret that the stack created for it.
 *
 * Failure policy: first the state becomes DELETING, so that nothing uses or changes the connection. Then the secret is
 * removed, then the item. After a failure half-way the item still names its secret, and a second deletion finishes the work.
 * The item is removed last, because a secret that no item names could never be found again.
 *
 * @returns the connection before its item was removed
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
