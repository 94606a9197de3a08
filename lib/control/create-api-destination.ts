import type { ApiDestination, HttpMethod } from '../core/api-destination.ts';
import { defaultInvocationRateLimitPerSecond } from '../core/api-destination.ts';
import { formatEventsArn } from '../core/arn.ts';
import type { JsonObject } from '../core/json.ts';
import { writtenApiDestinationAnswer } from './api-destination-answers.ts';
import { requireAllowedHost, requireConnectionArn, requireEndpoint } from './api-destination-checks.ts';
import { numberOf, requiredTextOf, textOf } from './input.ts';
import type { Caller, ControlDependencies, Operation } from './operation.ts';
import { alreadyExists, quota, quotaReached } from './refusals.ts';

/**
 * Failure policy: a connection that is deleted between its check and the write leaves the destination INACTIVE, which a
 * deletion one moment later would have done as well.
 */
export function createApiDestination(dependencies: ControlDependencies): Operation {
  const { apiDestinations } = dependencies;
  return async (input, caller) => {
    const destination = newApiDestination(dependencies, caller, input);
    requireEndpoint(dependencies, 'create', destination.invocationEndpoint);
    const connection = await requireConnectionArn(dependencies, 'create', destination.connectionArn);
    requireAllowedHost(dependencies, caller, 'create', connection, destination);
    if ((await apiDestinations.read(destination.name)) !== undefined) {
      throw alreadyExists('api-destination', destination.name);
    }
    if ((await apiDestinations.count()) >= quota) throw quotaReached('api-destination');
    const written = await apiDestinations.create(destination);
    if (written !== 'written') throw alreadyExists('api-destination', destination.name);
    return writtenApiDestinationAnswer(destination, connection);
  };
}

function newApiDestination(
  { newUuid, clock }: ControlDependencies,
  { partition, region, account }: Caller,
  input: JsonObject,
): ApiDestination {
  const name = requiredTextOf(input, 'Name');
  const description = textOf(input, 'Description');
  const incarnation = newUuid();
  const nowMs = clock.nowMs();
  return {
    name,
    arn: formatEventsArn({ partition, region, account, kind: 'api-destination', name, incarnation }),
    incarnation,
    ...(description === undefined || description === '' ? {} : { description }),
    connectionArn: requiredTextOf(input, 'ConnectionArn'),
    invocationEndpoint: requiredTextOf(input, 'InvocationEndpoint'),
    httpMethod: requiredTextOf(input, 'HttpMethod') as HttpMethod,
    invocationRateLimitPerSecond:
      numberOf(input, 'InvocationRateLimitPerSecond') ?? defaultInvocationRateLimitPerSecond,
    creationTimeMs: nowMs,
    lastModifiedTimeMs: nowMs,
    revision: 1,
  };
}
