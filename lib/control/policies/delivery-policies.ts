import type { ApiDestination } from '../../core/destination/api-destination.ts';
import type { DeliveryPolicyOverrides, TransportSettings } from '../../core/destination/delivery-policy.ts';
import {
  connectionNameOf,
  connectionOf,
  requireAllowedHost,
  requireApiDestination,
} from '../destinations/api-destination-checks.ts';
import { requiredTextOf } from '../input.ts';
import type { Caller, Operation } from '../operation.ts';
import { concurrentlyModified, notFound, policyNotFound } from '../refusals.ts';
import { deliveryPolicyAnswer, given, mergedPolicy, requestedPolicy } from './delivery-policy-members.ts';
import type { PolicyDependencies } from './policy-checks.ts';
import { removedMembersOf, requireMembersTogether } from './policy-checks.ts';
import { writePolicyTo } from './policy-writes.ts';

const kind = 'api-destination';

/**
 * Replaces the whole policy of an API destination. Members that the request leaves out return to their defaults. The ARN is accepted
 * and ignored, so that the answer of GetDeliveryPolicy can be put again.
 */
export function putDeliveryPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const name = requiredTextOf(input, 'ApiDestinationName');
    const policy = await requestedPolicy(dependencies, caller, input);
    const read = () => requireApiDestination(dependencies, 'update', name);
    const after = await writePolicyTo(read, (before) => setPolicy(dependencies, caller, before, policy));
    return deliveryPolicyAnswer(after, policy);
  };
}

/** Changes only the members of a policy that the request contains. `RemovedMembers` return to their defaults. */
export function updateDeliveryPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const name = requiredTextOf(input, 'ApiDestinationName');
    const removed = removedMembersOf(input, kind);
    const requested = await requestedPolicy(dependencies, caller, input);
    const read = () => requireApiDestination(dependencies, 'update', name);
    const write = (before: ApiDestination) =>
      setPolicy(dependencies, caller, before, mergedPolicy(before.policy, requested, removed));
    const after = await writePolicyTo(read, write, { isMerged: true });
    return deliveryPolicyAnswer(after, after.policy ?? {});
  };
}

async function setPolicy(
  dependencies: PolicyDependencies,
  caller: Caller,
  before: ApiDestination,
  policy: DeliveryPolicyOverrides,
): Promise<ApiDestination> {
  requireMembersTogether(policy);
  if (setsServerNameOrProxy(policy)) await requireAllowedHosts(dependencies, caller, before, policy);
  return writePolicy(dependencies, caller, before, policy);
}

export function getDeliveryPolicy(dependencies: PolicyDependencies): Operation {
  return async (input) => {
    const destination = await requireApiDestination(
      dependencies,
      'describe',
      requiredTextOf(input, 'ApiDestinationName'),
    );
    if (destination.policy === undefined) throw policyNotFound(kind, destination.name);
    return deliveryPolicyAnswer(destination, destination.policy);
  };
}

/** Succeeds even if the destination has no policy, because the client wanted it to have none. */
export function deleteDeliveryPolicy(dependencies: PolicyDependencies): Operation {
  return async (input, caller) => {
    const name = requiredTextOf(input, 'ApiDestinationName');
    const read = () => requireApiDestination(dependencies, 'update', name);
    await writePolicyTo(read, async (before) => {
      if (before.policy !== undefined) await writePolicy(dependencies, caller, before, undefined);
    });
    return {};
  };
}

/**
 * Only these settings make the check of the hosts necessary. Without them, a policy may be put even for a destination whose
 * host the connection policy does not allow.
 */
function setsServerNameOrProxy({ transport = {} }: DeliveryPolicyOverrides): boolean {
  return (transport.serverName ?? transport.proxyUrl) !== undefined;
}

/** The server name and the proxy must be allowed too, because they also decide who can read and answer the request. */
async function requireAllowedHosts(
  dependencies: PolicyDependencies,
  caller: Caller,
  before: ApiDestination,
  policy: DeliveryPolicyOverrides,
): Promise<void> {
  const connection = await connectionOf(dependencies, before.connectionArn);
  if (connection !== undefined) requireAllowedHost(dependencies, caller, 'update', connection, { ...before, policy });
}

/** Raises the revision, so that the return times start again, because the burst or the endpoint may have changed. */
async function writePolicy(
  { apiDestinations, clock, credentialsLog }: PolicyDependencies,
  caller: Caller,
  before: ApiDestination,
  policy: DeliveryPolicyOverrides | undefined,
): Promise<ApiDestination> {
  const { policy: _former, ...rest } = before;
  const members = { ...rest, lastModifiedTimeMs: clock.nowMs(), revision: before.revision + 1 };
  const after = policy === undefined ? members : { ...members, policy };
  const written = await apiDestinations.update(before, after);
  if (written === 'absent') throw notFound('update', kind, before.name);
  if (written !== 'written') throw concurrentlyModified('update', kind, before.name);
  const settings = trustSettings(policy);
  if (JSON.stringify(settings) !== JSON.stringify(trustSettings(before.policy))) {
    const names = { apiDestination: before.name, connection: connectionNameOf(before.connectionArn) };
    credentialsLog.record({ event: 'transport-changed', ...names, ...settings }, caller);
  }
  return after;
}

/** The settings that decide who can answer as the endpoint, or can carry its requests. */
function trustSettings({ transport = {} }: DeliveryPolicyOverrides = {}) {
  const { caCertificateSecretArn, serverName, proxyUrl } = transport;
  return given<TransportSettings>({ caCertificateSecretArn, serverName, proxyUrl });
}
