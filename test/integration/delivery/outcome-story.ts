import type { UndiciHttpClientOptions } from '../../../lib/adapters/http/client.ts';
import { createBottleneckConcurrencyLimit } from '../../../lib/adapters/bottleneck-concurrency-limit.ts';
import { expect } from 'vitest';
import { createUndiciHttpClient } from '../../../lib/adapters/http/client.ts';
import { formatDeadLetter } from '../../../lib/core/message/dead-letter-message.ts';
import { formatQueuedDelivery, parseQueueMessage } from '../../../lib/core/message/queued-delivery.ts';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import { defaultTransport } from '../../../lib/core/destination/delivery-policy.ts';
import { createAttempt } from '../../../lib/delivery/attempt.ts';
import { withDeadline } from '../../../lib/delivery/deadline.ts';
import { createDeliver } from '../../../lib/delivery/deliver.ts';
import { createDeliverInput } from '../../../lib/delivery/deliver-input.ts';
import { createPreparation } from '../../../lib/delivery/route/preparation.ts';
import type { ResolvedDestination } from '../../../lib/core/destination/resolved-destination.ts';
import { createRetrying } from '../../../lib/delivery/retrying.ts';
import { createSettler } from '../../../lib/delivery/settle.ts';
import type { SigningKeys } from '../../../lib/core/request/signing.ts';
import type { Random } from '../../../lib/ports/clock.ts';
import { apiDestinationOf, connectionOf } from '../../contract/dynamodb/subjects.ts';
import { createInMemoryDeadLetters } from '../../fakes/in-memory-dead-letters.ts';
import { createInMemoryDeliveryQueue } from '../../fakes/in-memory-delivery-queue.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { createUnlimitedPacing } from '../../fakes/unlimited-pacing.ts';
import { loopback } from '../../servers/endpoints/loopback.ts';
import { createSlotHorizon } from '../../../lib/delivery/rate/slot-horizon.ts';

export interface OutcomeOptions {
  /** The origin of the endpoint. The path of a request is the name of its API destination. */
  readonly origin: string;
  /** 0 makes every backoff 0 ms; a value near 1 makes it almost as long as it can be. */
  readonly random: Random;
  readonly timeoutMs?: number;
  readonly client?: UndiciHttpClientOptions;
  readonly signingKeys?: SigningKeys;
}

export const event = { id: 'e-1', source: 'shop', detail: { order: 7 } };
export const wait: Random = () => 0.999;
export const atOnce: Random = () => 0;

/**
 * Delivers with the real HTTP client, from the envelope to the settlement. Configuration, queues and time are fakes. The
 * first backoff is at most 10 s.
 */
export function createOutcomeStory({ origin, random, timeoutMs = 5000, client, signingKeys }: OutcomeOptions) {
  const clock = createManualClock();
  const http = createUndiciHttpClient({ allowlist: loopback, clock, ...client });
  const queue = createInMemoryDeliveryQueue();
  const deadLetters = createInMemoryDeadLetters();
  const retryPolicy = { maximumRetryAttempts: 185, maximumEventAgeMs: 86_400_000 };
  const policy: ResolvedDestination['policy'] = {
    timeoutMs,
    burst: 1,
    maximumConcurrency: undefined,
    maximumConcurrencyPerWorker: undefined,
    retryPolicy,
    retryableStatuses: [],
    transport: {},
  };
  const resolve = async (name: string): Promise<ResolvedDestination> => ({
    connection: connectionOf('billing'),
    apiDestination: apiDestinationOf(name, { invocationEndpoint: `${origin}/${name}` }),
    secret: { credentials: { authorizationType: 'BASIC', username: 'someone', password: 'secret' } },
    policy,
    transport: defaultTransport,
    versions: '',
    ...(signingKeys !== undefined && { signingKeys }),
  });
  const noToken = () => Promise.reject(new Error('No token is needed here.'));
  const attempt = createAttempt({
    concurrency: createBottleneckConcurrencyLimit(),
    preparation: createPreparation({
      transform: (delivery) => delivery,
      resolver: { cached: () => undefined, current: resolve, fresh: resolve },
      tokens: { tokenFor: noToken, renew: noToken },
      userAgent: 'lastmile/test',
      clock,
    }),
    pacing: createUnlimitedPacing(clock),
    http,
    clock,
    random,
    observeAnswer: async () => undefined,
  });
  const backoff = { baseMs: 10_000, maximumMs: 900_000 };
  const deliver = createDeliver({
    retrying: createRetrying({ attempt, clock, random, backoff, horizon: createSlotHorizon(2000, clock), retryPolicy }),
    settler: createSettler({ queue, deadLetters }),
    log: { record: () => undefined },
    clock,
  });
  const deliverInput = createDeliverInput({ deliver, clock, apiDestination: undefined });
  const deliverOnce = (apiDestination: string, target: object = {}): Promise<Conclusion> =>
    withDeadline(clock, 60_000, (deadline) => deliverInput({ apiDestination, event, target }, deadline));

  /** Moves the clock to the end of the last message's delay, in whole seconds as in SQS, and delivers the message again. */
  async function comeBack(): Promise<Conclusion> {
    const { queued } = queue.sent.at(-1) ?? expect.fail('Nothing is in the delivery queue.');
    const waitMs = Math.max(0, (queued.notBeforeMs ?? 0) - clock.nowMs());
    if (waitMs > 0) await clock.advance(Math.ceil(waitMs / 1000) * 1000);
    const message = formatQueuedDelivery(queued);
    const parse = () => parseQueueMessage(message, { apiDestination: undefined, nowMs: clock.nowMs() });
    return withDeadline(clock, 60_000, (deadline) => deliver({ parse, body: () => message.body }, deadline));
  }

  return {
    clock,
    queue,
    deadLetters,
    /** One invocation. */
    deliver: deliverOnce,
    /** Repeats the delivery for as long as the event is deferred. @returns the conclusion of each invocation */
    async deliverUntilSettled(apiDestination: string, target: object = {}): Promise<readonly Conclusion[]> {
      const conclusions = [await deliverOnce(apiDestination, target)];
      while (conclusions.at(-1)?.settlement.kind === 'deferred') conclusions.push(await comeBack());
      return conclusions;
    },
    /** The attributes of the last dead letter as a reader of the queue sees them, with `LASTMILE` already parsed. */
    lastDeadLetter() {
      const letter = deadLetters.letters.at(-1);
      if (letter === undefined) return undefined;
      const { body, attributes } = formatDeadLetter(letter);
      const ours: unknown = JSON.parse(attributes['LASTMILE'] ?? 'null');
      return { ...attributes, LASTMILE: ours, body };
    },
    close: () => http.close(),
  };
}
