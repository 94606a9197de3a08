import { randomBytes } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createDynamoDbClient, createSecretsManagerClient } from '../lib/adapters/aws/clients.ts';
import type { ServiceSettings } from '../lib/adapters/aws/service-settings.ts';
import { createSqsClient } from '../lib/adapters/aws/sqs-client.ts';
import { createSecretsManagerSecretReader } from '../lib/adapters/aws/secret-reader.ts';
import { createBottleneckConcurrencyLimit } from '../lib/adapters/bottleneck-concurrency-limit.ts';
import { createDynamoDbConnectionStates } from '../lib/adapters/dynamodb/connection-states.ts';
import { createDynamoDbDeliveryConfiguration } from '../lib/adapters/dynamodb/delivery-configuration.ts';
import { createDynamoDbRateBuckets } from '../lib/adapters/dynamodb/rate-buckets.ts';
import { createSignedTableCalls } from '../lib/adapters/dynamodb/table-calls.ts';
import { createDynamoDbTokenStore } from '../lib/adapters/dynamodb/token-store.ts';
import { createDynamoDbUnauthorizedRuns } from '../lib/adapters/dynamodb/unauthorized-runs.ts';
import { createUndiciHttpClient } from '../lib/adapters/http/client.ts';
import {
  createJsonLineConnectionLog,
  createJsonLineDeliveryLog,
  createJsonLineHealthLog,
  createJsonLineSecurityLog,
} from '../lib/adapters/log/json-lines.ts';
import { createSqsDeadLetterQueue } from '../lib/adapters/sqs/dead-letter-queue.ts';
import { createSqsDeliveryQueue } from '../lib/adapters/sqs/delivery-queue.ts';
import type { QueueCalls } from '../lib/adapters/sqs/queue-calls.ts';
import { createSignedQueueCalls } from '../lib/adapters/sqs/queue-calls.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import type { Config } from '../lib/config.ts';
import { parseAllowlist, publicOnly } from '../lib/core/address/address.ts';
import { longestRequestTimeoutMs } from '../lib/core/delivery/retry.ts';
import type { DeliveryPolicy } from '../lib/core/destination/delivery-policy.ts';
import { batchSize } from '../lib/core/message/sqs-event.ts';
import { unauthorizedLimitOf } from '../lib/core/destination/unauthorized-run.ts';
import { version } from '../lib/core/version.ts';
import { createAttempt } from '../lib/delivery/attempt.ts';
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
import { createPreparation } from '../lib/delivery/route/preparation.ts';
import { createResolver } from '../lib/delivery/route/resolver.ts';
import { createAnswerObserver } from '../lib/delivery/route/answer-observer.ts';
import type { Settler } from '../lib/delivery/settle.ts';
import { createSettler } from '../lib/delivery/settle.ts';
import { createOAuthTokens } from '../lib/delivery/token/tokens.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { DeliveryLog } from '../lib/ports/delivery.ts';
import type { EventKeeper } from '../lib/ports/kept-events.ts';
import type { RateBuckets } from '../lib/ports/rate.ts';
import type { ConnectionLog, HealthLog, InvocationMetrics, SecurityLog } from '../lib/ports/metrics.ts';
import type { inputs } from './invocation.ts';
import { wireMetrics, writeOut } from './invocation.ts';
import { wireKeptEvents } from './kept-events.ts';
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
  const dynamoDb = createDynamoDbClient(aws);
  const secrets = createSecretsManagerSecretReader(createSecretsManagerClient(aws));
  const stateEvents = wireStateEvents(config, aws, { settings: dynamoDb.config, metrics, clock });
  const states = createDynamoDbConnectionStates(dynamoDb, config.TABLE_NAME, (change) => {
    stateEvents?.add({ kind: 'connection', ...change, atMs: change.nowMs });
    if (change.state !== 'DEAUTHORIZED') return;
    connectionLog.deauthorized(change.name);
    metrics.count('ConnectionsDeauthorized');
  });
  const configuration = createDynamoDbDeliveryConfiguration(dynamoDb, config.TABLE_NAME);
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
    store: createDynamoDbTokenStore(dynamoDb, config.TABLE_NAME),
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
    dynamoDb,
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
  readonly sqs: SQSClient;
  readonly queueCalls: QueueCalls;
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
  const { dynamoDb, configuration, secrets, states, tokens, http, concurrency, clock, userAgent, metrics } = wired;
  const policy = defaultPolicy(config);
  const cache = { freshMs: config.CACHE_SECONDS * 1000, staleMs: config.STALE_SECONDS * 1000 };
  const resolver = createResolver({
    configuration,
    secrets,
    states,
    clock,
    policy,
    cache,
    longestTimeoutMs: longestRequestTimeoutMs(config.FUNCTION_TIMEOUT_SECONDS),
  });
  const observeAnswer = createAnswerObserver({
    runs: createDynamoDbUnauthorizedRuns(dynamoDb, config.TABLE_NAME),
    states,
    clock,
    limit: unauthorizedLimitOf(config.UNAUTHORIZED_LIMIT, cache.freshMs),
  });
  const horizon = createSlotHorizon(longestMs, clock, config.BATCHING_WINDOW_SECONDS * 1000);
  const allInvocations = config.MAXIMUM_INVOCATIONS ?? invocations;
  const limiter = createRateLimiter({
    buckets: rateBuckets ?? wireRateBuckets(config, dynamoDb.config, clock),
    clock,
    random: Math.random,
    batchSize,
    invocations: allInvocations,
    ownInvocations: runsAllInvocations ? allInvocations : 1,
    healthLog: measureHealth(logs.healthLog, metrics),
  });
  const pacing = createPacing({ limiter, clock, horizon });
  const preparation = createPreparation({ resolver, tokens, userAgent, clock });
  const attempt = createAttempt({ preparation, pacing, concurrency, http, observeAnswer, clock, random: Math.random });
  const retrying = createRetrying({
    attempt: measureAttempts(attempt, metrics),
    clock,
    random: Math.random,
    backoff: { baseMs: config.RETRY_BASE_DELAY_MS, maximumMs: config.RETRY_MAX_DELAY_MS },
    horizon,
    retryPolicy: policy.retryPolicy,
  });
  const sqs = createSqsClient(aws);
  const queueCalls = createSignedQueueCalls(sqs.config, clock);
  const log = measureConclusions(logs.deliveryLog, metrics);
  const keeper = eventKeeper ?? wireKeptEvents(config, sqs.config, clock, process.env, writeOut);
  const keeping = keeper && createKeeping({ keeper, log, metrics, clock });
  return {
    deliver: createDeliver({ retrying, settler: wireSettler(config, queueCalls, clock), log, clock, keeping }),
    sqs,
    queueCalls,
    clock,
    during: (deadline, invocation) =>
      wired.during(deadline.signal, keeping ? () => keeping.during(deadline, invocation) : invocation),
    horizon,
  };
}

function wireRateBuckets({ TABLE_NAME }: Config, settings: ServiceSettings, clock: Clock): RateBuckets {
  return createDynamoDbRateBuckets(createSignedTableCalls(settings, TABLE_NAME, clock), TABLE_NAME);
}

function wireSettler(config: Config, calls: QueueCalls, clock: Clock): Settler {
  return createSettler({
    queue: createSqsDeliveryQueue(calls, config.DELIVERY_QUEUE_URL, clock),
    deadLetters: createSqsDeadLetterQueue(calls, {
      deadLettersUrl: config.DEAD_LETTER_QUEUE_URL,
      deliveriesUrl: config.DELIVERY_QUEUE_URL,
    }),
  });
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
