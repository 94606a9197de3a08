import type { Connection } from '../../lib/core/connection.ts';
import type { ConnectionRepository, ConnectionStates } from '../../lib/ports.ts';
import { createInMemoryResources } from './in-memory-resources.ts';

export interface InMemoryConnections extends ConnectionRepository, ConnectionStates {
  /** Every connection, in no order: for assertions. */
  all(): readonly Connection[];
}

export function createInMemoryConnections(): InMemoryConnections {
  const { listWhere, put, ...resources } = createInMemoryResources<Connection>();
  return {
    ...resources,
    readMany: (names) => Promise.all(names.map((name) => resources.read(name))),
    list: ({ state, ...page }) => listWhere(page, (connection) => state === undefined || connection.state === state),
    async change({ name, incarnation, secretVersion, state, stateReason, nowMs }) {
      const stored = await resources.read(name);
      if (stored?.incarnation !== incarnation || stored.secretVersion !== secretVersion) return false;
      if (stored.state === 'DELETING' || stored.state === 'DEAUTHORIZING') return false;
      const { stateReason: _former, ...rest } = stored;
      put({
        ...rest,
        state,
        ...(stateReason === undefined ? {} : { stateReason }),
        lastModifiedTimeMs: nowMs,
        ...(state === 'AUTHORIZED' ? { lastAuthorizedTimeMs: nowMs } : {}),
        revision: stored.revision + 1,
      });
      return true;
    },
  };
}
