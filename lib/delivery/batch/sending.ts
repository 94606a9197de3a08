import type { Delivery } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { Turn } from '../../core/rate/shards.ts';
import { inTurn } from '../../core/rate/shards.ts';
import { bodyBytes } from '../../core/request/joined-request.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Attempt, AttemptResult } from '../attempt.ts';
import type { Deadline } from '../deadline.ts';
import type { Preparation } from '../route/preparation.ts';
import type { PreparedMember } from './joined-preparation.ts';
import { companyOf, joinedPreparation } from './joined-preparation.ts';
import type { RefusedSizes } from './refused-sizes.ts';
import { createRefusedSizes } from './refused-sizes.ts';

export interface SendingDependencies {
  /** Attempts one event alone, which is a batch of one. */
  readonly attempt: Attempt;
  /** Makes attempts whose requests another preparation prepares. */
  readonly attemptWith: (preparation: Preparation) => Attempt;
  readonly preparation: Preparation;
  readonly clock: Clock;
}

/** An event that waits for the result of its attempt. */
export interface Member {
  readonly delivery: Delivery;
  readonly turn: Turn;
  readonly resolve: (result: AttemptResult | PromiseLike<AttemptResult>) => void;
  readonly reject: (error: unknown) => void;
}

interface ReadyMember extends PreparedMember {
  readonly member: Member;
}

/** The events of one request. */
type Batch = readonly [ReadyMember, ...ReadyMember[]];

/** An event whose preparation takes longer goes alone, so that its transformer does not hold up the others for long. */
const longestPreparationMs = 1000;

/**
 * Sends the events in as few requests as their policy allows.
 *
 * Failure policy: an answer counts for all events of the request, because every endpoint has its own form of an answer for single
 * events. So after a failure each event is retried, also one that the endpoint has accepted. Only a 413 is understood as "too
 * large": the events are sent again in two halves, each with its own slot. The worker remembers the size. Otherwise events whose
 * halves found no slot would come back together and get the same answer.
 */
export function createSending(dependencies: SendingDependencies) {
  const { attempt, attemptWith, preparation, clock } = dependencies;
  const refusedSizes = createRefusedSizes(clock);

  async function send(batch: Batch, deadline: Deadline, turn: Turn): Promise<void> {
    const [first, second] = batch;
    if (second === undefined) return sendAlone(first.member, deadline, turn);
    // A trace belongs to one event.
    const { trace: _trace, ...delivery } = first.delivery;
    try {
      const result = await attemptWith(joinedPreparation(batch, preparation))(delivery, deadline, turn);
      if (!isTooLarge(result)) return settle(batch, result);
      const bytes = batch.reduce((sum, { prepared }) => sum + bodyBytes(prepared.request), 0);
      refusedSizes.remember(first.prepared.destination.apiDestination, bytes);
      await Promise.all(halvesOf(batch).map((half) => send(half, deadline, inTurn)));
    } catch (error) {
      for (const { member } of batch) member.reject(error);
    }
  }

  function sendAlone({ delivery, resolve }: Member, deadline: Deadline, turn: Turn): void {
    resolve(attempt(delivery, deadline, turn));
  }

  return async (members: readonly Member[], deadline: Deadline): Promise<void> => {
    const batches = batchesOf(await preparedInTime(members, deadline, dependencies), refusedSizes);
    const together = new Set(batches.flatMap((batch) => batch.map(({ member }) => member)));
    for (const member of members) if (!together.has(member)) sendAlone(member, deadline, member.turn);
    await Promise.all(batches.map((batch) => send(batch, deadline, earliestTurn(batch))));
  };
}

/** The members whose requests can be made now. The others find out in attempts of their own why theirs cannot. */
async function preparedInTime(
  members: readonly Member[],
  { signal }: Deadline,
  { preparation, clock }: SendingDependencies,
): Promise<readonly ReadyMember[]> {
  const ready = new Map<Member, ReadyMember>();
  const preparing = members.map(async (member) => {
    const { delivery } = member;
    try {
      const prepared = preparation.cached(delivery, signal) ?? (await preparation.current(delivery, signal));
      ready.set(member, { member, delivery, prepared });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  });
  if (ready.size < members.length) await withPatience(Promise.all(preparing), clock);
  return members.flatMap((member) => ready.get(member) ?? []);
}

async function withPatience(work: Promise<unknown>, clock: Clock): Promise<void> {
  const patience = new AbortController();
  const enough = clock.delay(longestPreparationMs, patience.signal).catch(() => undefined);
  await Promise.race([work, enough]).finally(() => patience.abort());
}

function batchesOf(members: readonly ReadyMember[], sizes: RefusedSizes): readonly Batch[] {
  const companies = Map.groupBy(members, companyOf);
  return [...companies].flatMap(([company, all]) => (company === undefined ? [] : cut(all, sizes)));
}

function cut(members: readonly ReadyMember[], sizes: RefusedSizes): readonly Batch[] {
  const batches: [ReadyMember, ...ReadyMember[]][] = [];
  let bytes = 0;
  for (const member of members) {
    const { destination, request } = member.prepared;
    const added = bodyBytes(request);
    const last = batches.at(-1);
    const most = destination.policy.batch?.maximumSize ?? Number.POSITIVE_INFINITY;
    if (last !== undefined && last.length < most && bytes + added <= sizes.mostBytes(destination.apiDestination)) {
      last.push(member);
      bytes += added;
    } else {
      batches.push([member]);
      bytes = added;
    }
  }
  return batches;
}

/** A batch may go as soon as one of its events may. */
function earliestTurn(batch: Batch): Turn {
  return batch.map(({ member }) => member.turn).reduce((one, other) => (isEarlier(other, one) ? other : one));
}

function isEarlier(one: Turn, other: Turn): boolean {
  if (one.kind === 'newcomer' || other.kind === 'newcomer') return one.kind !== 'newcomer';
  return one.atMs < other.atMs;
}

function isTooLarge(result: AttemptResult): boolean {
  return result.kind === 'tried' && result.outcome.status === 413;
}

/** @param batch two events or more */
function halvesOf(batch: Batch): readonly Batch[] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)].map((half) => half as unknown as Batch);
}

/** The answer came once, so only the first event has its time. */
function settle(batch: Batch, result: AttemptResult): void {
  const own = result.kind === 'later' ? result : { ...result, batchSize: batch.length };
  for (const [index, { member }] of batch.entries()) {
    member.resolve(index === 0 || own.kind === 'later' ? own : { ...own, latenciesMs: [] });
  }
}
