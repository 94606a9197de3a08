import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createEventBridgeEventBus } from '../lib/adapters/aws/event-bus.ts';
import { createDynamoDbRateBuckets } from '../lib/adapters/dynamodb/rate-buckets.ts';
import { createClientTableCalls } from '../lib/adapters/dynamodb/client-table-calls.ts';
import { createJsonLineCredentialsLog } from '../lib/adapters/log/json-lines.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import type { Environment } from '../lib/config.ts';
import { parseConfig } from '../lib/config.ts';
import { createHealthOperations } from '../lib/control/health/health-operations.ts';
import { createHistoryOperations } from '../lib/control/history/history-operations.ts';
import { putEvents } from '../lib/control/put-events.ts';
import { batchSize } from '../lib/core/message/sqs-event.ts';
import { withDeadline } from '../lib/delivery/deadline.ts';
import type { DeliveryHistory } from '../lib/ports/history.ts';
import type { KeptEvents } from '../lib/ports/kept-events.ts';
import type { CredentialsLog, InvocationMetrics } from '../lib/ports/metrics.ts';
import type { LogFault } from '../lib/protocol/access.ts';
import { answerFunctionUrl, createEventsRoute } from '../lib/protocol/control-api.ts';
import type { Authentication, Operations } from '../lib/protocol/control-request.ts';
import { answerDirectInvocation, isDirectInvocation } from '../lib/protocol/direct-invocation.ts';
import { createAppSyncRoute, createLastmileRoute } from '../lib/protocol/routes.ts';
import { authenticationFrom } from './authentication.ts';
import { wireControlOperations } from './control-operations.ts';
import { inputs, wireMetrics, writeOut } from './invocation.ts';
import { createEntry } from './entry.ts';
import { logged } from './logged.ts';

export interface ControlApiDependencies {
  /** The operations of EventBridge. */
  readonly operations: Operations;
  /** The operations of AppSync. Default: none. */
  readonly apiKeyOperations?: Operations;
  /** The operations that only Lastmile has. Default: none. */
  readonly lastmileOperations?: Operations;
  /** `none` only in a local stack that runs without --auth. */
  readonly authentication: Authentication | 'none';
  readonly logFault: LogFault;
  /** Runs an invocation, then puts its state events and writes its metrics. Default: there are none. */
  readonly during?: InvocationMetrics['during'];
  /** The region to use if the function's ARN does not contain one. */
  readonly fallbackRegion?: string | undefined;
}

/** Replacements for the logs and metrics, which on Lambda go to standard output, and parts that a deployed stack does not have. */
export interface ControlApiOverrides {
  readonly credentialsLog?: CredentialsLog;
  readonly metrics?: InvocationMetrics;
  readonly history?: DeliveryHistory | undefined;
  readonly keptEvents?: KeptEvents | undefined;
}

export function createHandler(dependencies: ControlApiDependencies) {
  const { apiKeyOperations = {}, lastmileOperations = {}, logFault } = dependencies;
  // The first route that serves a request answers it. Lastmile's own operations come before EventBridge's, because both are
  // signed for `events`.
  const routes = [
    createLastmileRoute({ operations: lastmileOperations, logFault }),
    createEventsRoute(dependencies),
    createAppSyncRoute({ operations: apiKeyOperations, logFault }),
  ];
  const answer = async (event: unknown, context: Context): Promise<unknown> =>
    isDirectInvocation(event)
      ? await answerDirectInvocation(event, context, { ...dependencies, apiKeyOperations, lastmileOperations })
      : await answerFunctionUrl(routes, event, context, dependencies);
  const { during } = dependencies;
  if (during === undefined) return answer;
  return async (event: unknown, context: Context): Promise<unknown> =>
    await withDeadline(systemClock, context.getRemainingTimeInMillis(), ({ signal }) =>
      during(signal, () => answer(event, context)),
    );
}

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  logger = new Logger({ serviceName: 'control-api' }),
  overrides: ControlApiOverrides = {},
): ControlApiDependencies {
  const config = parseConfig(environment);
  const { credentialsLog = createJsonLineCredentialsLog(writeOut), metrics = wireMetrics(config) } = overrides;
  const wired = wireControlOperations(config, aws, { credentialsLog, metrics });
  const eventBusName = config.EVENT_BUS_NAME;
  const eventBus = createEventBridgeEventBus(aws, eventBusName);
  return {
    operations: { ...wired.operations, PutEvents: putEvents({ eventBus, eventBusName }) },
    apiKeyOperations: wired.apiKeyOperations,
    lastmileOperations: {
      ...wired.policyOperations,
      ...createHealthOperations({
        ...wired.control,
        buckets: createDynamoDbRateBuckets(createClientTableCalls(wired.dynamoDb), config.TABLE_NAME),
        batchSize,
        invocations: config.MAXIMUM_INVOCATIONS ?? inputs.batch.invocations,
        requestTimeoutMs: config.REQUEST_TIMEOUT_MS,
      }),
      ...createHistoryOperations(overrides),
      ...onDemand(['ListDeadLetters', 'ReplayDelivery'], async () => {
        const { wireDeadLetterOperations } = await import('./dead-letters.ts');
        return wireDeadLetterOperations(config, aws, environment, overrides);
      }),
    },
    authentication: authenticationFrom(environment, aws, systemClock, {
      onRefusal: reportRefusedKeys(writeOut, metrics, systemClock),
    }),
    logFault: (fault) => logger.error('control request failed', { fault }),
    during: wired.during,
    fallbackRegion: aws.region ?? environment['AWS_REGION'],
  };
}

/** Performance: few invocations need a queue, so a cold start loads neither these operations nor the client of SQS. */
function onDemand(names: readonly string[], open: () => Promise<Operations>): Operations {
  let opened: Promise<Operations> | undefined;
  const operation =
    (name: string): Operations[string] =>
    async (input, context) =>
      (await (await (opened ??= open()))[name]?.(input, context)) ?? {};
  return Object.fromEntries(names.map((name) => [name, operation(name)]));
}

const secondMs = 1000;

/** Counts each refused key, and writes one line a second at most: how many there were since the line before, and the last public id. */
export function reportRefusedKeys(
  write: (line: string) => void,
  metrics: Pick<InvocationMetrics, 'count'>,
  clock: { readonly nowMs: () => number },
): (publicId: string | undefined) => void {
  let refused = 0;
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  return (accessKeyId) => {
    metrics.count('KeysRefused');
    refused += 1;
    const nowMs = clock.nowMs();
    if (Math.abs(nowMs - writtenAtMs) < secondMs) return;
    write(`${JSON.stringify({ level: 'WARN', message: 'security.key-refused', requests: refused, accessKeyId })}\n`);
    [refused, writtenAtMs] = [0, nowMs];
  };
}

export const handler = createEntry(
  logged('control-api', (logger) => createHandler(dependenciesFrom(process.env, {}, logger))),
);
