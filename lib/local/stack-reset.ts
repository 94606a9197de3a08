import { systemClock } from '../adapters/system-clock.ts';
import type { DataFolder } from './data-folder.ts';
import type { Route } from './routes.ts';
import type { Interior } from './stack-interior.ts';

/** A stack's interior that can be made anew. */
export interface ResettableInterior extends Omit<Interior, 'routes'> {
  routes(): readonly Route[];
  /** Forgets everything; what is served from then on is as freshly started. */
  reset(): Promise<void>;
  /** Whether a function of an interior that is gone signs with it. */
  isRetired(accessKeyId: string): boolean;
}

/** How long a stop or a reset waits for what is under way. */
export const graceMs = 1000;

/**
 * Failure policy: what is under way at a reset has a second to end. A function that runs on may still reach its endpoint,
 * but nothing of the new stack: its clients sign with keys that are refused from then on. A kill during a reset can leave
 * some of it; the next reset takes that.
 *
 * @param create makes an interior over the data folder; `accessKeyId` is what its functions sign with
 */
export function createResettableInterior(
  folder: DataFolder,
  create: (accessKeyId: (functionName: string) => string) => Interior,
): ResettableInterior {
  const retired = new Set<string>();
  let issued: string[] = [];
  let resets = 0;
  const make = (): Interior =>
    create((functionName) => {
      const accessKeyId = resets === 0 ? functionName : `${functionName}-${resets}`;
      issued.push(accessKeyId);
      return accessKeyId;
    });
  let current = make();
  let resetting: Promise<void> = Promise.resolve();

  async function remake(): Promise<void> {
    const timer = new AbortController();
    await current.stop(systemClock.delay(graceMs, timer.signal).catch(() => undefined));
    timer.abort();
    for (const accessKeyId of issued) retired.add(accessKeyId);
    issued = [];
    resets += 1;
    await current.close();
    folder.clear();
    current = make();
    current.start();
  }

  return {
    routes: () => current.routes,
    isRetired: (accessKeyId) => retired.has(accessKeyId),
    reset() {
      const remaking = resetting.then(remake);
      resetting = remaking.catch(() => undefined);
      return remaking;
    },
    start: () => current.start(),
    async stop(grace) {
      await resetting;
      await current.stop(grace);
    },
    close: () => current.close(),
  };
}
