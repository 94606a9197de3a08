import { createApiDestination } from './create-api-destination.ts';
import { createConnection } from './create-connection.ts';
import { deauthorizeConnection } from './deauthorize-connection.ts';
import { deleteApiDestination } from './delete-api-destination.ts';
import { deleteConnection } from './delete-connection.ts';
import type { ControlDependencies, Operation } from './operation.ts';
import { describeApiDestination, listApiDestinations } from './read-api-destinations.ts';
import { describeConnection, listConnections } from './read-connections.ts';
import { updateApiDestination } from './update-api-destination.ts';
import { updateConnection } from './update-connection.ts';

/** The operations of the control API, by the names that stand in X-Amz-Target. */
export function createOperations(dependencies: ControlDependencies): Readonly<Record<string, Operation>> {
  return {
    CreateApiDestination: createApiDestination(dependencies),
    CreateConnection: createConnection(dependencies),
    DeauthorizeConnection: deauthorizeConnection(dependencies),
    DeleteApiDestination: deleteApiDestination(dependencies),
    DeleteConnection: deleteConnection(dependencies),
    DescribeApiDestination: describeApiDestination(dependencies),
    DescribeConnection: describeConnection(dependencies),
    ListApiDestinations: listApiDestinations(dependencies),
    ListConnections: listConnections(dependencies),
    UpdateApiDestination: updateApiDestination(dependencies),
    UpdateConnection: updateConnection(dependencies),
  };
}
