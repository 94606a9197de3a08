import type { Connection } from '../../lib/core/destination/connection.ts';
import { withVersion } from '../../lib/core/destination/connection.ts';
import type { UnauthorizedRun } from '../../lib/core/destination/unauthorized-run.ts';
import { isWithinRun } from '../../lib/core/destination/unauthorized-run.ts';
import type { ConnectionRepository } from '../../lib/ports/control.ts';
import type { ConnectionStates } from '../../lib/ports/token.ts';
import type { UnauthorizedRuns } from '../../lib/ports/delivery.ts';
import { createInMemoryResources } from './in-memory-resources.ts';

export interface InMemoryConnections extends ConnectionRepository, ConnectionStates, UnauthorizedRuns {
  all(): readonly Connection[];
}

export function createInMemoryConnections(): InMemoryConnections {
  const { listWhere, put, ...resources } = createInMemoryResources<Connection>();
  const runs = createRuns();
  /** Synchronous, so that no other call runs between the check of a condition and the write. */
  const readNow = (name: string) => runs.shownWith(resources.all().find((connection) => connection.name === name));
  const read = async (name: string) => readNow(name);

  return {
    ...resources,
    read,
    all: () => resources.all().map(runs.shownWith),
    readMany: (names) => Promise.all(names.map(read)),
    create: (connection) => resources.create(withoutRun(connection)),
    update: (before, connection) => resources.update(before, withoutRun(connection)),
    async list({ state, ...page }) {
      const found = await listWhere(page, (connection) => state === undefined || connection.state === state);
      return { ...found, items: found.items.map(runs.shownWith) };
    },
    async adopt(connection, version, nowMs) {
      return (await resources.update(connection, withoutRun(withVersion(connection, version, nowMs)))) === 'written';
    },
    async noteReason({ name, incarnation, secretVersion, stateReason }) {
      const stored = readNow(name);
      if (stored?.incarnation !== incarnation || stored.secretVersion !== secretVersion) return;
      if (stored.state === 'AUTHORIZING') put({ ...withoutRun(stored), stateReason });
    },
    async change({ name, incarnation, secretVersion, state, stateReason, unauthorizedSinceMs, nowMs }) {
      const stored = readNow(name);
      if (stored?.incarnation !== incarnation || stored.secretVersion !== secretVersion) return false;
      if (stored.state === 'DELETING' || stored.state === 'DEAUTHORIZING') return false;
      if (unauthorizedSinceMs !== undefined && stored.unauthorizedRun?.sinceMs !== unauthorizedSinceMs) return false;
      const { stateReason: _former, authorizingSinceMs: _since, ...rest } = withoutRun(stored);
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
    async add({ connection, secretVersion, requestedAtMs, nowMs }) {
      const stored = readNow(connection.name);
      if (stored?.incarnation !== connection.incarnation || stored.secretVersion !== secretVersion) return undefined;
      if (stored.state !== 'AUTHORIZED') return undefined;
      const { unauthorizedRun: run = { count: 0, sinceMs: nowMs } } = stored;
      if (run.count > 0 && !isWithinRun(run, requestedAtMs)) return undefined;
      return runs.keep(stored, { ...run, count: run.count + 1 });
    },
    async end({ name, incarnation }, sinceMs) {
      const stored = readNow(name);
      if (stored?.incarnation === incarnation) runs.end(incarnation, sinceMs);
    },
  };
}

function withoutRun({ unauthorizedRun: _run, ...connection }: Connection): Connection {
  return connection;
}

/**
 * The runs of refusals. They are stored separately, because a write of a connection must not change the connection's run of
 * 401s.
 */
function createRuns() {
  const runs = new Map<string, { readonly secretVersion: string | undefined; readonly run: UnauthorizedRun }>();

  function shownWith<Shown extends Connection | undefined>(connection: Shown): Shown {
    const kept = connection === undefined ? undefined : runs.get(connection.incarnation);
    if (kept === undefined || kept.secretVersion !== connection?.secretVersion) return connection;
    return { ...connection, unauthorizedRun: kept.run };
  }

  return {
    shownWith,
    keep({ incarnation, secretVersion }: Connection, run: UnauthorizedRun): UnauthorizedRun {
      runs.set(incarnation, { secretVersion, run });
      return run;
    },
    end(incarnation: string, sinceMs: number): void {
      if (runs.get(incarnation)?.run.sinceMs === sinceMs) runs.delete(incarnation);
    },
  };
}
