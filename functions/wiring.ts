import { randomBytes } from 'node:crypto';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createBottleneckConcurrencyLimit } from '../lib/adapters/bottleneck-concurrency-limit.ts';
import { createUndiciHttpClient } from '../lib/adapters/http/client.ts';
import {
  createJsonLineConnectionLog,
  createJsonLineDeliveryLog,
  createJsonLineHealthLog,
  createJsonLineSecurityLog,
} from '../lib/adapters/log/json-lines.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import type { Config } from '../lib/config.ts';
import { parseAllowlist, publicOnly } from '../lib/core/address/address.ts';
import { longestRequestTimeoutMs } from '../lib/core/delivery/retry.ts';
import type { DeliveryPolicy } from '../lib/core/destination/delivery-policy.ts';
import { batchSize } from '../lib/core/message/sqs-event.ts';
import { unauthorizedLimitOf } from '../lib/core/destination/unauthorized-run.ts';
import { version } from '../lib/core/version.ts';
import { createAttempt } from '../lib/delivery/attempt.ts';
import { withBatches } from '../lib/delivery/batch/with-batches.ts';
import type { Deliver } from '../lib/delivery/deliver.ts';
import { createDeliver } from '../lib/delivery/deliver.ts';
import { measureAttempts, measureConclusions, measureHealth } from '../lib/delivery/measure.ts';
import type { Keeping } from '../lib/delivery/keeping.ts';
import { createKeeping } from '../lib/delivery/keeping.ts';
import { createRateLimiter } from '../lib/delivery/rate/limiter.ts';
import { createPacing } from '../lib/delivery/rate/pacing.ts';
import type { SlotHorizon } from '../lib/delivery/rate/slot-horizon.ts';
import { createSlotHorizon } from '../lib/delivery/rate/slot-horizon.ts';
import { createRetrying } from '../lib/delivery/retrying.ts';
import type { Preparation } from '../lib/delivery/route/preparation.ts';
import { createPreparation } from '../lib/delivery/route/preparation.ts';
import { withRarePolicies } from '../lib/delivery/route/rare-policies.ts';
import { createTransforming } from '../lib/delivery/route/transforming.ts';
import { createResolver } from '../lib/delivery/route/resolver.ts';
import { createAnswerObserver } from '../lib/delivery/route/answer-observer.ts';
import { createSettler } from '../lib/delivery/settle.ts';
import { createOAuthTokens } from '../lib/delivery/token/tokens.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeliveryLog } from '../lib/ports/delivery.ts';
import type { EventKeeper } from '../lib/ports/kept-events.ts';
import type { ProgressStore } from '../lib/ports/order.ts';
import type { RateBuckets } from '../lib/ports/rate.ts';
import type { ConnectionStateChange } from '../lib/ports/token.ts';
import type { ConnectionLog, HealthLog, InvocationMetrics, SecurityLog } from '../lib/ports/metrics.ts';
import type { AllQueues, UseOf } from './aws-on-demand.ts';
import { queuesOnDemand, transformationsOnDemand, wireOrdering, wireStores } from './aws-on-demand.ts';
import type { inputs } from './invocation.ts';
import { wireMetrics, writeOut } from './invocation.ts';
import { wireKeptEvents } from './kept-events.ts';
import type { Queues } from './queue-adapters.ts';
import { announcedBy, wireStateEvents, withStateEvents } from './state-events.ts';

/** Parts that a caller may replace. By default, logs and metrics go to standard output, which Lambda reads. */
export interface AuthorizationOverrides {
  readonly connectionLog?: ConnectionLog;
  readonly securityLog?: SecurityLog;
  readonly metrics?: InvocationMetrics;
  readonly clock?: Clock;
}

export interface DeliverOverrides extends AuthorizationOverrides {
  readonly deliveryLog?: DeliveryLog;
  readonly rateBuckets?: RateBuckets;
  readonly healthLog?: HealthLog;
  /** Default: the bucket of the configuration. */
  readonly eventKeeper?: EventKeeper;
  /** Whether this process runs all invocations of the stack, as the local stack does. Otherwise it runs one at a time. */
  readonly runsAllInvocations?: boolean;
}

/** The parts that every function with outgoing requests needs. */
export function wireAuthorization(
  config: Config,
  aws: AwsClientConfig,
  {
    connectionLog = createJsonLineConnectionLog(writeOut),
    securityLog = createJsonLineSecurityLog(writeOut),
    metrics = wireMetrics(config),
    clock = systemClock,
  }: AuthorizationOverrides = {},
) {
  const connectionChanged = (change: ConnectionStateChange) => {
    stateEvents?.add({ kind: 'connection', ...change, atMs: change.nowMs });
    if (change.state !== 'DEAUTHORIZED') return;
    connectionLog.deauthorized(change.name);
    metrics.count('ConnectionsDeauthorized');
  };
  const stores = wireStores({ aws, tableName: config.TABLE_NAME, clock, connectionChanged });
  const stateEvents = wireStateEvents(config, aws, { settings: stores.settings, metrics, clock });
  const { configuration, secrets, states, tokenStore } = stores;
  const http = createUndiciHttpClient({
    clock,
    allowlist: parseAllowlist(config.PRIVATE_NETWORK_ALLOWLIST) ?? publicOnly,
    onRefusal(refused) {
      securityLog.addressRefused(refused);
      metrics.count('SecurityEvents');
    },
  });
  const userAgent = config.USER_AGENT ?? `lastmile/${version}`;
  const concurrency = createBottleneckConcurrencyLimit();
  const tokens = createOAuthTokens({
    store: tokenStore,
    states,
    connectionLog,
    secrets,
    rootSecretArn: config.ROOT_SECRET_ARN,
    http,
    requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
    userAgent,
    clock,
    random: Math.random,
    randomBytes,
  });
  return {
    stores,
    configuration,
    secrets,
    states,
    tokens,
    http,
    concurrency,
    clock,
    userAgent,
    metrics,
    connectionLog,
    stateEvents,
    during: withStateEvents(metrics, stateEvents),
  };
}

interface Delivering {
  readonly deliver: Deliver;
  readonly queues: AllQueues;
  readonly progress: UseOf<ProgressStore>;
  readonly clock: Clock;
  /** Runs an invocation, and writes its remaining log lines and metrics when it ends. */
  readonly during: Keeping['during'];
  readonly horizon: SlotHorizon;
}

/** Connects the delivery of events with its real adapters. */
export function wireDeliver(
  config: Config,
  aws: AwsClientConfig,
  { longestSlotWaitMs: longestMs, invocations }: (typeof inputs)[keyof typeof inputs],
  {
    deliveryLog = createJsonLineDeliveryLog(writeOut),
    healthLog = createJsonLineHealthLog(writeOut),
    rateBuckets,
    eventKeeper,
    runsAllInvocations = false,
    ...overrides
  }: DeliverOverrides,
): Delivering {
  const wired = wireAuthorization(config, aws, overrides);
  const logs = announcedBy(wired.stateEvents, { deliveryLog, healthLog }, wired.clock);
  const { stores, configuration, secrets, states, tokens, http, concurrency, clock, userAgent, metrics } = wired;
  const policy = defaultPolicy(config);
  const cache = { freshMs: config.CACHE_SECONDS * 1000, staleMs: config.STALE_SECONDS * 1000 };
  const longestTimeoutMs = longestRequestTimeoutMs(config.FUNCTION_TIMEOUT_SECONDS);
  const configured = createResolver({ configuration, secrets, states, clock, policy, cache, longestTimeoutMs });
  const resolver = withRarePolicies(configured, { http, clock, userAgent });
  const observeAnswer = createAnswerObserver({
    runs: stores.runs,
    states,
    clock,
    limit: unauthorizedLimitOf(config.UNAUTHORIZED_LIMIT, cache.freshMs),
  });
  const buckets = rateBuckets ?? stores.buckets;
  const horizon = createSlotHorizon(longestMs, clock, config.BATCHING_WINDOW_SECONDS * 1000);
  const allInvocations = config.MAXIMUM_INVOCATIONS ?? invocations;
  const limiter = createRateLimiter({
    buckets,
    clock,
    random: Math.random,
    batchSize,
    invocations: allInvocations,
    ownInvocations: runsAllInvocations ? allInvocations : 1,
    healthLog: measureHealth(logs.healthLog, metrics),
  });
  const pacing = createPacing({ limiter, clock, horizon });
  const transform = createTransforming(transformationsOnDemand(clock));
  const preparation = createPreparation({ resolver, tokens, transform, userAgent, clock });
  const random = Math.random;
  const attemptWith = (from: Preparation) =>
    createAttempt({ preparation: from, pacing, concurrency, http, observeAnswer, clock, random });
  const attempt = withBatches(attemptWith(preparation), { resolver, attemptWith, preparation, clock });
  const retrying = createRetrying({
    attempt: measureAttempts(attempt, metrics),
    clock,
    random,
    backoff: { baseMs: config.RETRY_BASE_DELAY_MS, maximumMs: config.RETRY_MAX_DELAY_MS },
    horizon,
    retryPolicy: policy.retryPolicy,
  });
  const queues = queuesOnDemand(() => loadQueues(config, aws, clock));
  const log = measureConclusions(logs.deliveryLog, metrics);
  const keeper = eventKeeper ?? wireKeptEvents(config, queues.settings, clock, process.env, writeOut);
  const keeping = keeper && createKeeping({ keeper, log, metrics, clock });
  const ordering = wireOrdering(config, configured, queues.ordered, clock);
  return {
    deliver: createDeliver({ retrying, settler: createSettler(queues), log, clock, keeping, ordering }),
    queues,
    progress: stores.progress,
    clock,
    during: (deadline, invocation) =>
      wired.during(deadline.signal, keeping ? () => keeping.during(deadline, invocation) : invocation),
    horizon,
  };
}

async function loadQueues(config: Config, aws: AwsClientConfig, clock: Clock): Promise<Queues> {
  const { createQueues } = await import('./queue-adapters.ts');
  return createQueues(config, aws, clock);
}

function defaultPolicy(config: Config): DeliveryPolicy {
  return {
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    burst: 1,
    maximumConcurrency: undefined,
    maximumConcurrencyPerWorker: config.MAXIMUM_CONCURRENCY_PER_WORKER,
    retryPolicy: {
      maximumRetryAttempts: config.MAXIMUM_RETRY_ATTEMPTS,
      maximumEventAgeMs: config.MAXIMUM_EVENT_AGE_SECONDS * 1000,
    },
    retryableStatuses: [],
    transport: {},
  };
}
