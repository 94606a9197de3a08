import type { ApiDestination } from '../core/api-destination.ts';
import { apiDestinationState } from '../core/api-destination.ts';
import type { Connection } from '../core/connection.ts';
import type { JsonObject } from '../core/json.ts';
import { epochSeconds, withoutUndefined } from './input.ts';

/** What CreateApiDestination and UpdateApiDestination answer. */
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

/** A member of what ListApiDestinations answers: without the description. Source: recorded answers of the service. */
export function listedApiDestination(destination: ApiDestination, connection: Connection | undefined): JsonObject {
  return {
    ...writtenApiDestinationAnswer(destination, connection),
    Name: destination.name,
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: destination.invocationEndpoint,
    HttpMethod: destination.httpMethod,
    InvocationRateLimitPerSecond: destination.invocationRateLimitPerSecond,
  };
}

export function describedApiDestination(destination: ApiDestination, connection: Connection | undefined): JsonObject {
  return withoutUndefined({
    ...listedApiDestination(destination, connection),
    Description: destination.description,
  });
}
