import { createApiDestination } from './destinations/create-api-destination.ts';
import { createConnection } from './connections/create-connection.ts';
import { deauthorizeConnection, deleteConnection } from './connections/remove-connection.ts';
import {
  deleteApiDestination,
  describeApiDestination,
  listApiDestinations,
} from './destinations/read-api-destinations.ts';
import type { ControlDependencies, Operation } from './operation.ts';
import { describeConnection, listConnections } from './connections/read-connections.ts';
import { updateApiDestination } from './destinations/update-api-destination.ts';
import { updateConnection } from './connections/update-connection.ts';

/** The keys are the names of EventBridge's operations, as in X-Amz-Target. */
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
