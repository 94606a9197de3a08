import { createBottleneckConcurrencyLimit } from '../../../../lib/adapters/bottleneck-concurrency-limit.ts';
import type { Delivery } from '../../../../lib/core/delivery/delivery.ts';
import type { BatchSettings, DeliveryPolicy } from '../../../../lib/core/destination/delivery-policy.ts';
import type { ResolvedDestination } from '../../../../lib/core/destination/resolved-destination.ts';
import type { Turn } from '../../../../lib/core/rate/shards.ts';
import { renderForm } from '../../../../lib/core/request/request-form.ts';
import type { AttemptResult } from '../../../../lib/delivery/attempt.ts';
import { createAttempt } from '../../../../lib/delivery/attempt.ts';
import { withBatches } from '../../../../lib/delivery/batch/with-batches.ts';
import { withDeadline } from '../../../../lib/delivery/deadline.ts';
import type { Preparation } from '../../../../lib/delivery/route/preparation.ts';
import { createPreparation } from '../../../../lib/delivery/route/preparation.ts';
import type { OAuthTokens } from '../../../../lib/delivery/token/tokens.ts';
import type { Clock } from '../../../../lib/ports/clock.ts';
import type { Resolver } from '../../../../lib/delivery/route/resolver.ts';
import type { Transforming } from '../../../../lib/delivery/route/transforming.ts';
import type { Pacing } from '../../../../lib/delivery/rate/pacing.ts';
import { createUnlimitedPacing } from '../../../fakes/unlimited-pacing.ts';
import { createWaitingClock } from '../../../fakes/waiting-clock.ts';
import type { AnswerRequest } from '../fake-endpoint.ts';
import { createFakeEndpoint } from '../fake-endpoint.ts';
import { deliveryOf, routeOf } from '../outcomes.ts';

export const batchRoute = (
  batch: BatchSettings = { format: 'JSON_ARRAY' },
  policy: Partial<DeliveryPolicy> = {},
): ResolvedDestination => ({ ...routeOf({ ...policy, batch }), renderForm });

export const eventOf = (id: string, members: Partial<Delivery> = {}): Delivery =>
  deliveryOf({
    event: { value: { id }, text: `{"id":"${id}"}` },
    firstReceivedAtMs: Date.now(),
    target: { HttpParameters: { PathParameterValues: ['7'] } },
    ...members,
  });

export const eventsOf = (count: number, members: Partial<Delivery> = {}): readonly Delivery[] =>
  Array.from({ length: count }, (_, index) => eventOf(`e-${index + 1}`, members));

export interface BatchWorldOptions {
  readonly answer?: AnswerRequest;
  readonly resolver?: Partial<Resolver>;
  readonly transform?: Transforming;
  /** The slot of each request, by its number from 0. Default: now. */
  readonly later?: (slot: number) => boolean;
  readonly remainingMs?: number;
  /** Default: a clock that moves only during delays. */
  readonly clock?: Clock;
  readonly tokens?: OAuthTokens;
}

/** Attempts events with an endpoint in memory, and records how often a slot was asked for. */
export function createBatchWorld(route: ResolvedDestination, options: BatchWorldOptions = {}) {
  const { clock = createWaitingClock() } = options;
  const endpoint = createFakeEndpoint(options.answer);
  const resolve = async () => route;
  const resolver = { current: resolve, fresh: resolve, cached: () => route, ...options.resolver };
  const unused = () => Promise.reject(new Error('No token is needed here.'));
  const noTokens = { tokenFor: unused, renew: unused };
  const preparation = createPreparation({
    resolver,
    tokens: options.tokens ?? noTokens,
    transform: options.transform ?? ((delivery) => delivery),
    userAgent: 'lastmile/test',
    clock,
  });
  const turns: Turn[] = [];
  const unlimited = createUnlimitedPacing(clock);
  const returning: Turn = { kind: 'return', generation: 1, shard: 0, atMs: clock.nowMs() + 5000 };
  const pacing: Pacing = {
    ...unlimited,
    async waitForSlot(destination, deadline, turn) {
      turns.push(turn);
      if (options.later?.(turns.length - 1) === true) return { kind: 'later', turn: returning, waitsFor: 'rate' };
      return unlimited.waitForSlot(destination, deadline, turn);
    },
  };
  const observed: number[] = [];
  const attemptWith = (from: Preparation) =>
    createAttempt({
      preparation: from,
      pacing,
      concurrency: createBottleneckConcurrencyLimit(),
      http: endpoint.http,
      observeAnswer: (_destination, { status }) => void observed.push(status),
      clock,
      random: Math.random,
    });
  const attempt = withBatches(attemptWith(preparation), { resolver, attemptWith, preparation, clock });
  return {
    turns,
    returning,
    observed,
    requests: endpoint.requests,
    /** The body of each request, in the order in which they were sent. */
    bodies: () => endpoint.requests.map(({ body }) => body),
    /** Attempts the events in one invocation. */
    attemptAll: (
      deliveries: readonly Delivery[],
      turnsOf: readonly (Turn | undefined)[] = [],
    ): Promise<AttemptResult[]> =>
      withDeadline(clock, options.remainingMs ?? 60_000, (deadline) =>
        Promise.all(deliveries.map((delivery, index) => attempt(delivery, deadline, turnsOf[index]))),
      ),
  };
}
