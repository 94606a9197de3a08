import type { ApiDestination, HttpMethod } from '../core/api-destination.ts';
import type { JsonObject } from '../core/json.ts';
import { writtenApiDestinationAnswer } from './api-destination-answers.ts';
import {
  connectionOf,
  requireApiDestination,
  requireConnectionArn,
  requireEndpoint,
} from './api-destination-checks.ts';
import { numberOf, requiredTextOf, textOf } from './input.ts';
import type { ControlDependencies, Operation } from './operation.ts';
import { concurrentlyModified, notFound } from './refusals.ts';

const verb = 'update';

/** Changes only the members that are sent. */
export function updateApiDestination(dependencies: ControlDependencies): Operation {
  return async (input) => {
    const name = requiredTextOf(input, 'Name');
    const endpoint = textOf(input, 'InvocationEndpoint');
    if (endpoint !== undefined) requireEndpoint(dependencies, verb, endpoint);
    const before = await requireApiDestination(dependencies, verb, name);
    const connectionArn = textOf(input, 'ConnectionArn');
    const connection =
      connectionArn === undefined
        ? await connectionOf(dependencies, before.connectionArn)
        : await requireConnectionArn(dependencies, verb, connectionArn);
    const after = changed(before, input, dependencies.clock.nowMs());
    const written = await dependencies.apiDestinations.update(before, after);
    if (written === 'absent') throw notFound(verb, 'api-destination', name);
    if (written !== 'written') throw concurrentlyModified(verb, 'api-destination', name);
    return writtenApiDestinationAnswer(after, connection);
  };
}

function changed({ description: former, ...before }: ApiDestination, input: JsonObject, nowMs: number): ApiDestination {
  // An empty description takes the old one away.
  const description = textOf(input, 'Description') ?? former ?? '';
  return {
    ...before,
    ...(description === '' ? {} : { description }),
    connectionArn: textOf(input, 'ConnectionArn') ?? before.connectionArn,
    invocationEndpoint: textOf(input, 'InvocationEndpoint') ?? before.invocationEndpoint,
    httpMethod: (textOf(input, 'HttpMethod') as HttpMethod | undefined) ?? before.httpMethod,
    invocationRateLimitPerSecond:
      numberOf(input, 'InvocationRateLimitPerSecond') ?? before.invocationRateLimitPerSecond,
    lastModifiedTimeMs: nowMs,
    revision: before.revision + 1,
  };
}
