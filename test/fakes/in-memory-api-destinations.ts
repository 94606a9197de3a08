import type { ApiDestination } from '../../lib/core/destination/api-destination.ts';
import type { ApiDestinationRepository } from '../../lib/ports/control.ts';
import { createInMemoryResources } from './in-memory-resources.ts';

export interface InMemoryApiDestinations extends ApiDestinationRepository {
  all(): readonly ApiDestination[];
}

export function createInMemoryApiDestinations(): InMemoryApiDestinations {
  const { listWhere, put: _put, ...resources } = createInMemoryResources<ApiDestination>();
  return {
    ...resources,
    list: ({ connectionArn, ...page }) =>
      listWhere(page, (destination) => connectionArn === undefined || destination.connectionArn === connectionArn),
  };
}
