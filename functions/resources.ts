import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import { createPreSignedPut } from '../lib/adapters/http/pre-signed-put.ts';
import { createJsonLineCredentialsLog, createJsonLineResourceLog } from '../lib/adapters/log/json-lines.ts';
import { systemClock } from '../lib/adapters/system-clock.ts';
import { createDeclaredKeys } from '../lib/control/api-keys/declared-keys.ts';
import type { Config, Environment } from '../lib/config.ts';
import { parseConfig } from '../lib/config.ts';
import { withDeadline } from '../lib/delivery/deadline.ts';
import type { ControlCalls, ResourceLog } from '../lib/ports/resources.ts';
import type { CredentialsLog, InvocationMetrics } from '../lib/ports/metrics.ts';
import type { RequestContext } from '../lib/protocol/control-request.ts';
import { createDeclaredCalls } from '../lib/protocol/declared-calls.ts';
import { lambdaRequestContext } from '../lib/protocol/function-url.ts';
import type { ProviderDependencies } from '../lib/resources/provider.ts';
import { answerResourceRequest } from '../lib/resources/provider.ts';
import { wireControlOperations } from './control-operations.ts';
import { createEntry } from './entry.ts';
import { logged } from './logged.ts';
import { wireMetrics, writeOut } from './invocation.ts';

export interface ResourcesDependencies extends Omit<ProviderDependencies, 'control'> {
  readonly callsFor: (context: RequestContext) => ControlCalls;
  /** Runs an invocation, then puts its state events and writes its metrics. */
  readonly during: InvocationMetrics['during'];
  /** The region to use if the function's ARN does not contain one. */
  readonly fallbackRegion?: string | undefined;
}

/** Replacements for the logs and metrics, which on Lambda go to standard output. */
export interface ResourcesOverrides {
  readonly credentialsLog?: CredentialsLog;
  readonly metrics?: InvocationMetrics;
  readonly log?: ResourceLog;
}

/** Answers CloudFormation's requests for the custom resources of templates. */
export function createHandler({ callsFor, during, fallbackRegion, ...provider }: ResourcesDependencies) {
  return async (event: unknown, context: Context): Promise<unknown> => {
    const remainingMs = context.getRemainingTimeInMillis();
    const control = callsFor(lambdaRequestContext(event, context, fallbackRegion));
    return await withDeadline(provider.clock, remainingMs, ({ signal }) =>
      during(signal, () => answerResourceRequest({ ...provider, control }, event, remainingMs)),
    );
  };
}

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(
  environment: Environment,
  aws: AwsClientConfig = {},
  logger = new Logger({ serviceName: 'resources' }),
  overrides: ResourcesOverrides = {},
): ResourcesDependencies {
  const config = parseConfig(environment);
  const { credentialsLog = createJsonLineCredentialsLog(writeOut), metrics = wireMetrics(config) } = overrides;
  const { log = createJsonLineResourceLog(writeOut) } = overrides;
  const wired = wireControlOperations(config, aws, { credentialsLog, metrics });
  return {
    callsFor: (context) =>
      createDeclaredCalls(
        {
          operations: wired.operations,
          lastmileOperations: wired.policyOperations,
          apiKeyOperations: wired.apiKeyOperations,
          logFault: (fault) => logger.error('control request failed', { fault }),
        },
        context,
      ),
    apiKeys: createDeclaredKeys({ ...wired, ...wired.control, secretPrefix: apiKeySecretPrefix(config) }),
    during: wired.during,
    sender: createPreSignedPut(systemClock),
    clock: systemClock,
    newUuid: randomUUID,
    log,
    logFault: (errors) => logger.error('resource request failed', { errors }),
    allowlist: wired.control.allowlist,
    fallbackRegion: aws.region ?? environment['AWS_REGION'],
  };
}

/** `lastmile/<stage>/api-key/`, beside `lastmile/<stage>/connection/`. infra/template/roles.cjs has the same name. */
function apiKeySecretPrefix({ SECRET_PREFIX }: Config): string {
  return `${SECRET_PREFIX.replace(/connection\/$/, '')}api-key/`;
}

export const handler = createEntry(
  logged('resources', (logger) => createHandler(dependenciesFrom(process.env, {}, logger))),
);
