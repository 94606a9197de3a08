import type { AuthorizationType, Connection, ConnectionState } from '../core/connection.ts';
import type { ConnectionPolicy } from '../core/connection-policy.ts';
import type { Item, ItemMembers } from './dynamodb-items.ts';
import {
  optionalNumber,
  optionalText,
  requiredNumber,
  requiredText,
  requireReadable,
  toJsonObject,
} from './dynamodb-items.ts';
import type { ResourceRow } from './dynamodb-resource-writes.ts';
import { connectionPartition } from './dynamodb-table.ts';
import { parseRun } from './dynamodb-unauthorized-run-item.ts';

const states: ReadonlySet<string> = new Set<ConnectionState>([
  'CREATING',
  'UPDATING',
  'DELETING',
  'AUTHORIZED',
  'DEAUTHORIZED',
  'AUTHORIZING',
  'DEAUTHORIZING',
]);

/** The members of a connection that its item holds under their own names, less those that only workers write. */
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
 * Failure policy: a state that only a newer version knows reads as UPDATING, which delivers nothing now and gives
 * nothing up.
 */
function parseState(text: string): ConnectionState {
  return states.has(text) ? (text as ConnectionState) : 'UPDATING';
}
