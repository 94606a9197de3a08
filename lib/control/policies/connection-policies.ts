import { loosenedHosts } from '../../core/destination/allowed-hosts.ts';
import type { Connection, ConnectionPolicy } from '../../core/destination/connection.ts';
import { namedSecretArn } from '../../core/destination/connection.ts';
import { parseAllowedHost } from '../../core/address/host-name.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import type { ConnectionChanges } from '../connections/connection-writes.ts';
import {
  ownSecretId,
  refuseTransitional,
  requireConnection,
  writeConnection,
} from '../connections/connection-writes.ts';
import { requiredTextOf, textListOf, textOf } from '../input.ts';
import { checkNamedSecret } from '../connections/named-secret.ts';
import type { Caller, Operation } from '../operation.ts';
import type { PolicyDependencies } from './policy-checks.ts';
import { checkedSecretArn, removedMembersOf } from './policy-checks.ts';
import { writePolicyTo } from './policy-writes.ts';
import { invalidParameter, policyNotFound } from '../refusals.ts';

const verb = 'update';
const kind = 'connection';

/**
 * Replaces the whole policy of a connection.
 *
 * Failure policy: AllowedHosts may leave out the host of an existing API destination. The owner of the credentials can thus
 * stop their use at once, without anybody's consent. Later deliveries to that host fail with the code HostNotAllowed, and can
 * be redriven from the dead letters.
 *
 * Failure policy: one write switches to the named secret. Until this write, the former credentials are used. After it, the
 * secret that the stack created is removed. If the removal fails, or the first token cannot be requested, the client gets an
 * error. It can send the same PutConnectionPolicy again to finish the work. The item keeps the name of the stack's secret, so
 * DeleteConnection can find it too.
 */
export function putConnectionPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const requested = requestedPolicy(dependencies, caller, input);
    const change = async (before: Connection) => ({
      policy: requested,
      changes:
        requested.secretArn === undefined
          ? withoutNamedSecret(before)
          : await withNamedSecret(dependencies, before, requested.secretArn),
    });
    return setPolicy(dependencies, caller, input, requested, change);
  };
}

/**
 * Changes only the members of a policy that the request contains, and removes those in `RemovedMembers`. The secret of a connection is
 * read and checked only if the request names one.
 */
export function updateConnectionPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const removed = removedMembersOf(input, kind);
    const requested = requestedPolicy(dependencies, caller, input);
    const change = async (before: Connection) => {
      const { allowedHosts, secretArn, ...unknown } = before.policy ?? {};
      const kept = {
        ...unknown,
        ...(allowedHosts && !removed.has('AllowedHosts') && { allowedHosts }),
        ...(secretArn && !removed.has('SecretArn') && { secretArn }),
      };
      const policy = { ...kept, ...requested };
      if (requested.secretArn !== undefined)
        return { policy, changes: await withNamedSecret(dependencies, before, requested.secretArn) };
      return { policy, changes: removed.has('SecretArn') ? withoutNamedSecret(before) : {} };
    };
    return setPolicy(dependencies, caller, input, requested, change, { isMerged: true });
  };
}

/**
 * @param requested the members of the policy that the request sets
 * @param change the whole new policy, and what it changes of the connection itself
 */
async function setPolicy(
  dependencies: PolicyDependencies,
  caller: Caller,
  input: JsonObject,
  requested: ConnectionPolicy,
  change: (before: Connection) => Promise<{ readonly policy: ConnectionPolicy; readonly changes: ConnectionChanges }>,
  options?: { readonly isMerged: boolean },
): Promise<JsonObject> {
  const write = async (before: Connection) => {
    const { policy, changes } = await change(before);
    return {
      before,
      changes,
      policy,
      after: await writeConnection(dependencies, verb, before, { ...changes, policy }),
    };
  };
  const { before, changes, policy, after } = await writePolicyTo(reading(dependencies, input), write, options);
  logChange(dependencies, caller, before, after);
  if (changes.state === 'AUTHORIZING') await dependencies.authorizer.start(after);
  if (requested.secretArn !== undefined) await dependencies.secretWriter.remove(ownSecretId(after));
  return connectionPolicyAnswer(after, policy);
}

/** @throws ServiceError ValidationException that names the member */
function requestedPolicy(dependencies: PolicyDependencies, caller: Caller, input: JsonObject): ConnectionPolicy {
  const allowedHosts = requestedHosts(input);
  const secretArn = checkedSecretArn(dependencies, caller, kind, 'SecretArn', textOf(input, 'SecretArn'));
  return { ...(allowedHosts && { allowedHosts }), ...(secretArn && { secretArn }) };
}

export function getConnectionPolicy(dependencies: PolicyDependencies): Operation {
  return async (input) => {
    const connection = await requireConnection(dependencies, 'describe', requiredTextOf(input, 'ConnectionName'));
    if (connection.policy === undefined) throw policyNotFound(kind, connection.name);
    return connectionPolicyAnswer(connection, connection.policy);
  };
}

/** Succeeds even if the connection has no policy, because the client wanted it to have none. */
export function deleteConnectionPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const name = requiredTextOf(input, 'ConnectionName');
    if ((await requireConnection(dependencies, verb, name)).policy === undefined) return {};
    const { before, after } = await writePolicyTo(reading(dependencies, input), async (before) => {
      const changes = { ...withoutNamedSecret(before), policy: undefined };
      return { before, after: await writeConnection(dependencies, verb, before, changes) };
    });
    logChange(dependencies, caller, before, after);
    return {};
  };
}

/** The returned function throws ServiceError when the connection does not exist, or another operation is changing it. */
function reading(dependencies: PolicyDependencies, input: JsonObject): () => Promise<Connection> {
  const name = requiredTextOf(input, 'ConnectionName');
  return async () => {
    const connection = await requireConnection(dependencies, verb, name);
    refuseTransitional(verb, connection);
    return connection;
  };
}

/** DescribeConnection shows this as StateReason afterwards. */
const stateReason = 'The secret that holds the credentials was removed from the connection policy.';

/**
 * A connection whose policy no longer names a secret has no credentials. It is DEAUTHORIZED until the next UpdateConnection.
 */
function withoutNamedSecret(before: Connection): ConnectionChanges {
  if (namedSecretArn(before) === undefined) return {};
  const state = 'DEAUTHORIZED';
  return { state, stateReason, authorizingSinceMs: undefined, secretArn: undefined, secretVersion: undefined };
}

/**
 * A secret that the connection already uses is not read again, so that hosts can be removed from the policy even while the
 * secret cannot be read. DescribeConnection shows nothing from the secret, because its values did not come through this API.
 */
async function withNamedSecret(
  dependencies: PolicyDependencies,
  before: Connection,
  secretArn: string,
): Promise<ConnectionChanges> {
  if (namedSecretArn(before) === secretArn && before.state === 'AUTHORIZED') return {};
  const secretVersion = await checkNamedSecret(dependencies, secretArn, before.authorizationType);
  const nowMs = dependencies.clock.nowMs();
  const needsToken = before.authorizationType === 'OAUTH_CLIENT_CREDENTIALS';
  return {
    state: needsToken ? 'AUTHORIZING' : 'AUTHORIZED',
    stateReason: undefined,
    authorizingSinceMs: needsToken ? nowMs : undefined,
    ...(needsToken ? {} : { lastAuthorizedTimeMs: nowMs }),
    secretArn,
    secretVersion,
    visibleAuthParameters: {},
  };
}

function logChange(
  { credentialsLog }: PolicyDependencies,
  caller: Caller,
  before: Connection,
  after: Connection,
): void {
  const hosts = loosenedHosts(before.policy, after.policy);
  if (hosts !== undefined) credentialsLog.record({ event: 'hosts-loosened', connection: after.name, hosts }, caller);
  const secretArn = namedSecretArn(after);
  if (secretArn === namedSecretArn(before)) return;
  const named = secretArn === undefined ? {} : { secretArn };
  credentialsLog.record({ event: 'secret-changed', connection: after.name, ...named }, caller);
}

/** @throws ServiceError ValidationException that names the entry */
function requestedHosts(input: JsonObject): readonly string[] | undefined {
  const hosts = textListOf(input, 'AllowedHosts')?.map((text) => {
    const host = parseAllowedHost(text);
    if (host !== undefined) return host;
    const forms =
      "a host without a port ('api.example.com') or '*.' and a name of at least two labels ('*.example.com')";
    const reason = `'${text}' is not an allowed host. Use ${forms}.`;
    throw invalidParameter(verb, kind, 'AllowedHosts', reason);
  });
  return hosts && [...new Set(hosts)];
}

function connectionPolicyAnswer({ name, arn }: Connection, { allowedHosts, secretArn }: ConnectionPolicy): JsonObject {
  return withoutUndefined({
    ConnectionName: name,
    ConnectionArn: arn,
    AllowedHosts: allowedHosts,
    SecretArn: secretArn,
  });
}
