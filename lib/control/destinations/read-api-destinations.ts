import type { ApiDestination } from '../../core/destination/api-destination.ts';
import { apiDestinationState } from '../../core/destination/api-destination.ts';
import type { Connection } from '../../core/destination/connection.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { epochSeconds, nextTokenOf, pageRequestOf, requiredTextOf, textOf } from '../input.ts';
import type { ControlDependencies, Operation } from '../operation.ts';
import { concurrentlyModified } from '../refusals.ts';
import { connectionNameOf, connectionOf, requireApiDestination } from './api-destination-checks.ts';

export function deleteApiDestination(dependencies: ControlDependencies): Operation {
  return async (input) => {
    const destination = await requireApiDestination(dependencies, 'delete', requiredTextOf(input, 'Name'));
    const removed = await dependencies.apiDestinations.remove(destination);
    if (removed === 'changed') throw concurrentlyModified('delete', 'api-destination', destination.name);
    // 'absent' is not an error: another request has deleted the destination, which is what this client wanted too.
    return {};
  };
}

export function describeApiDestination(dependencies: ControlDependencies): Operation {
  return async (input) => {
    const destination = await requireApiDestination(dependencies, 'describe', requiredTextOf(input, 'Name'));
    return describedApiDestination(destination, await connectionOf(dependencies, destination.connectionArn));
  };
}

/** The state of a destination depends on its connection. One batch reads the connections of the whole page. */
export function listApiDestinations({ apiDestinations, connections }: ControlDependencies): Operation {
  return async (input) => {
    const connectionArn = textOf(input, 'ConnectionArn');
    const binding = ['ListApiDestinations', textOf(input, 'NamePrefix'), connectionArn];
    const request = pageRequestOf(input, 'api-destination', binding);
    const page = await apiDestinations.list({ ...request, ...(connectionArn === undefined ? {} : { connectionArn }) });
    const names = [...new Set(page.items.map((destination) => connectionNameOf(destination.connectionArn)))];
    const found = await connections.readMany(names);
    const byName = new Map(names.map((name, index) => [name, found[index]]));
    return withoutUndefined({
      ApiDestinations: page.items.map((destination) =>
        listedApiDestination(destination, byName.get(connectionNameOf(destination.connectionArn))),
      ),
      NextToken: nextTokenOf(page, binding),
    });
  };
}

/** The answer of CreateApiDestination and UpdateApiDestination. */
export function writtenApiDestinationAnswer(
  destination: ApiDestination,
  connection: Connection | undefined,
): JsonObject {
  return {
    ApiDestinationArn: destination.arn,
    ApiDestinationState: apiDestinationState(destination, connection),
    CreationTime: epochSeconds(destination.creationTimeMs),
    LastModifiedTime: epochSeconds(destination.lastModifiedTimeMs),
  };
}

/** One destination in the answer of ListApiDestinations, without description. Source: recorded answers of the service. */
function listedApiDestination(destination: ApiDestination, connection: Connection | undefined): JsonObject {
  return {
    ...writtenApiDestinationAnswer(destination, connection),
    Name: destination.name,
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: destination.invocationEndpoint,
    HttpMethod: destination.httpMethod,
    InvocationRateLimitPerSecond: destination.invocationRateLimitPerSecond,
  };
}

function describedApiDestination(destination: ApiDestination, connection: Connection | undefined): JsonObject {
  return withoutUndefined({
    ...listedApiDestination(destination, connection),
    Description: destination.description,
  });
}
