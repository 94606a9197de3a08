import type {
  AuthorizationType,
  Connection,
  ConnectionPolicy,
  ConnectionState,
} from '../../core/destination/connection.ts';
import type { UnauthorizedRun } from '../../core/destination/unauthorized-run.ts';
import type { Item, ItemMembers } from './items.ts';
import { optionalNumber, optionalText, requireReadable, requiredNumber, requiredText, toJsonObject } from './items.ts';
import type { ResourceRow } from './resource-writes.ts';
import { connectionPartition } from './table.ts';

/** The attribute of a connection's item that holds the run of 401s and the version of the secret that was refused. */
export const runAttribute = 'unauthorizedRun';

/** The condition that the run of 401s began at the time `:since`. A write with this condition must supply that value. */
export const isRunThatBeganThen = `${runAttribute}.sinceMs = :since`;

/** @returns undefined when there is no run of 401s for this version of the secret */
export function parseRun(item: Item, secretVersion: string | undefined): UnauthorizedRun | undefined {
  const run = item[runAttribute]?.M;
  if (run === undefined || secretVersion === undefined) return undefined;
  if (optionalText(run, 'secretVersion') !== secretVersion) return undefined;
  return { count: requiredNumber(run, 'count'), sinceMs: requiredNumber(run, 'sinceMs') };
}

const states: ReadonlySet<string> = new Set<ConnectionState>([
  'CREATING',
  'UPDATING',
  'DELETING',
  'AUTHORIZED',
  'DEAUTHORIZED',
  'AUTHORIZING',
  'DEAUTHORIZING',
]);

/** The members that creations and updates of a connection write. The run of 401s is left out, because only workers change it. */
function connectionMembers(connection: Connection): ItemMembers {
  const { revision: _revision, unauthorizedRun: _run, policy, ...members } = connection;
  return policy === undefined ? members : { ...members, policy: { ...policy } };
}

export function connectionRow(connection: Connection): ResourceRow {
  return {
    pk: connectionPartition,
    sk: connection.name,
    incarnation: connection.incarnation,
    revision: connection.revision,
    members: connectionMembers(connection),
  };
}

/** @throws Failure NewerVersion */
export function parseConnectionItem(item: Item): Connection {
  requireReadable(item, `connection '${optionalText(item, 'name')}'`);
  const description = optionalText(item, 'description');
  const stateReason = optionalText(item, 'stateReason');
  const secretArn = optionalText(item, 'secretArn');
  const secretVersion = optionalText(item, 'secretVersion');
  const lastAuthorizedTimeMs = optionalNumber(item, 'lastAuthorizedTimeMs');
  const authorizingSinceMs = optionalNumber(item, 'authorizingSinceMs');
  const policy = item['policy']?.M;
  const unauthorizedRun = parseRun(item, secretVersion);
  return {
    name: requiredText(item, 'name'),
    arn: requiredText(item, 'arn'),
    incarnation: requiredText(item, 'incarnation'),
    ...(description === undefined ? {} : { description }),
    state: parseState(requiredText(item, 'state')),
    ...(stateReason === undefined ? {} : { stateReason }),
    authorizationType: requiredText(item, 'authorizationType') as AuthorizationType,
    secretName: requiredText(item, 'secretName'),
    ...(secretArn === undefined ? {} : { secretArn }),
    ...(secretVersion === undefined ? {} : { secretVersion }),
    visibleAuthParameters: toJsonObject(item['visibleAuthParameters']?.M ?? {}),
    ...(policy === undefined ? {} : { policy: toJsonObject(policy) as ConnectionPolicy }),
    creationTimeMs: requiredNumber(item, 'creationTimeMs'),
    lastModifiedTimeMs: requiredNumber(item, 'lastModifiedTimeMs'),
    ...(lastAuthorizedTimeMs === undefined ? {} : { lastAuthorizedTimeMs }),
    ...(authorizingSinceMs === undefined ? {} : { authorizingSinceMs }),
    ...(unauthorizedRun === undefined ? {} : { unauthorizedRun }),
    revision: requiredNumber(item, 'revision'),
  };
}

/**
 * Failure policy: a state that only a newer version knows is read as UPDATING, so that deliveries wait and no event is given
 * up.
 */
function parseState(text: string): ConnectionState {
  return states.has(text) ? (text as ConnectionState) : 'UPDATING';
}
