import { classifyFailure } from '../../core/failure/classify.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';
import type { Attempt } from '../attempt.ts';
import { inTime } from '../in-time.ts';
import type { Resolver } from '../route/resolver.ts';
import type { BatchDependencies, JoinBatch } from './batches.ts';

/**
 * Joins the events of an invocation into batches if the policy of their API destination asks for it. Performance: for any other
 * destination this is one look into the cache. The code that makes batches is loaded when it is first used.
 */
export function withBatches(
  attempt: Attempt,
  { resolver, ...dependencies }: Omit<BatchDependencies, 'attempt'> & { readonly resolver: Resolver },
): Attempt {
  let join: JoinBatch | undefined;

  async function sendWhenResolved(...asked: Parameters<Attempt>): ReturnType<Attempt> {
    const [{ apiDestination, orderedGroup }, { signal }] = asked;
    let route: ResolvedDestination;
    try {
      route = resolver.cached(apiDestination) ?? (await inTime(() => resolver.current(apiDestination), signal));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // An attempt reads past the cache before it fails for good.
      if (error.kind === 'permanent') return attempt(...asked);
      return { kind: 'tried', outcome: classifyFailure(error), requested: false, rateWaitMs: 0, latenciesMs: [] };
    }
    // The answer to an ordered event holds its own group only.
    if (route.policy.batch === undefined || orderedGroup !== undefined) return attempt(...asked);
    const { createBatches } = await import('./batches.ts');
    join ??= createBatches({ attempt, ...dependencies });
    return join(route, ...asked);
  }

  return (delivery, deadline, turn) => {
    const route = resolver.cached(delivery.apiDestination);
    return route !== undefined && route.policy.batch === undefined
      ? attempt(delivery, deadline, turn)
      : sendWhenResolved(delivery, deadline, turn);
  };
}
