import { loosenedHosts } from '../core/allowed-hosts.ts';
import type { Connection } from '../core/connection.ts';
import type { ConnectionPolicy } from '../core/connection-policy.ts';
import { parseAllowedHost } from '../core/host-name.ts';
import type { JsonObject } from '../core/json.ts';
import { refuseTransitional, requireConnection, writeConnection } from './connection-writes.ts';
import { requiredTextOf, textListOf, textOf, withoutUndefined } from './input.ts';
import type { Caller, Operation } from './operation.ts';
import type { PolicyDependencies } from './policy-checks.ts';
import { checkedSecretArn } from './policy-checks.ts';
import { invalidParameter, policyNotFound } from './refusals.ts';

const verb = 'update';
const kind = 'connection';

/**
 * Replaces the whole policy of a connection.
 *
 * Failure policy: hosts that API destinations of the connection have may be left out. Whoever answers for the credentials has
 * the last word, at once, and needs nobody's leave to stop a use of them; what is cut off fails when it is sent, with its
 * reason, and can be moved back from the dead letters.
 */
export function putConnectionPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const allowedHosts = requestedHosts(input);
    const secretArn = checkedSecretArn(dependencies, caller, kind, 'SecretArn', textOf(input, 'SecretArn'));
    const policy: ConnectionPolicy = { ...(allowedHosts && { allowedHosts }), ...(secretArn && { secretArn }) };
    const before = await requireConnection(dependencies, verb, requiredTextOf(input, 'ConnectionName'));
    refuseTransitional(verb, before);
    const after = await writeConnection(dependencies, verb, before, { policy });
    tellOfChange(dependencies, caller, before, after);
    return connectionPolicyAnswer(after, policy);
  };
}

export function getConnectionPolicy(dependencies: PolicyDependencies): Operation {
  return async (input) => {
    const connection = await requireConnection(dependencies, 'describe', requiredTextOf(input, 'ConnectionName'));
    if (connection.policy === undefined) throw policyNotFound(kind, connection.name);
    return connectionPolicyAnswer(connection, connection.policy);
  };
}

/** Takes the policy away; there being none is what was asked for. */
export function deleteConnectionPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const before = await requireConnection(dependencies, verb, requiredTextOf(input, 'ConnectionName'));
    if (before.policy === undefined) return {};
    refuseTransitional(verb, before);
    const after = await writeConnection(dependencies, verb, before, { policy: undefined });
    tellOfChange(dependencies, caller, before, after);
    return {};
  };
}

function tellOfChange(
  { credentialsLog }: PolicyDependencies,
  caller: Caller,
  before: Connection,
  after: Connection,
): void {
  const hosts = loosenedHosts(before.policy, after.policy);
  if (hosts !== undefined) credentialsLog.record({ event: 'hosts-loosened', connection: after.name, hosts }, caller);
}

/** @throws ServiceError ValidationException that names the entry */
function requestedHosts(input: JsonObject): readonly string[] | undefined {
  const hosts = textListOf(input, 'AllowedHosts')?.map((text) => {
    const host = parseAllowedHost(text);
    if (host !== undefined) return host;
    const reason = `'${text}' is neither a host without a port nor '*.' and a name of at least two labels.`;
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
