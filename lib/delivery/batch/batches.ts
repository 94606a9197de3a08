import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';
import { newcomer } from '../../core/rate/shards.ts';
import type { Attempt, AttemptResult } from '../attempt.ts';
import type { Deadline } from '../deadline.ts';
import type { Member, SendingDependencies } from './sending.ts';
import { createSending } from './sending.ts';

export type BatchDependencies = SendingDependencies;

/** Attempts an event together with the other events of its invocation for the same API destination. */
export type JoinBatch = (route: ResolvedDestination, ...asked: Parameters<Attempt>) => ReturnType<Attempt>;

/** Gathers the events that an invocation attempts at the same moment, and then sends them together. */
export function createBatches(dependencies: BatchDependencies): JoinBatch {
  const { clock } = dependencies;
  const sendAll = createSending(dependencies);
  const gatherings = new WeakMap<Deadline, Map<string, Member[]>>();

  function gatheringsOf(deadline: Deadline): Map<string, Member[]> {
    const known = gatherings.get(deadline);
    if (known !== undefined) return known;
    const made = new Map<string, Member[]>();
    gatherings.set(deadline, made);
    return made;
  }

  return (route, delivery, deadline, turn = newcomer) => {
    const { promise, resolve, reject } = Promise.withResolvers<AttemptResult>();
    const member = { delivery, turn, resolve, reject };
    const { incarnation } = route.apiDestination;
    const gathered = gatheringsOf(deadline);
    const others = gathered.get(incarnation);
    if (others !== undefined) {
      others.push(member);
      return promise;
    }
    const members: Member[] = [member];
    gathered.set(incarnation, members);
    clock
      .delay(0)
      .finally(() => gathered.delete(incarnation))
      .then(() => sendAll(members, deadline))
      .catch((error: unknown) => {
        for (const each of members) each.reject(error);
      });
    return promise;
  };
}
