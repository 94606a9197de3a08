import type { Context } from 'aws-lambda';
import type { AwsClientConfig } from '../../adapters/aws/clients.ts';
import type { Environment } from '../../config.ts';
import type { DeliveryLog } from '../../ports/delivery.ts';
import type { DeliveryHistory } from '../../ports/history.ts';
import type { EventKeeper, KeptEvents } from '../../ports/kept-events.ts';
import type { ConnectionLog, CredentialsLog, HealthLog, SecurityLog } from '../../ports/metrics.ts';
import type { Authentication } from '../../protocol/control-request.ts';
import { noMetrics } from './readable-logs.ts';

/** The context of an invocation. Lambda itself gives the X-Ray header to a function in a variable, which one process cannot share. */
export interface LocalContext extends Context {
  readonly traceHeader?: string;
}

export type FunctionHandler = (event: unknown, context: LocalContext) => Promise<unknown>;

export interface FunctionDependencies {
  readonly environment: Environment;
  readonly aws: AwsClientConfig;
  readonly deliveryLog: DeliveryLog;
  readonly connectionLog: ConnectionLog;
  readonly healthLog: HealthLog;
  readonly securityLog: SecurityLog;
  readonly credentialsLog: CredentialsLog;
  readonly history?: DeliveryHistory;
  readonly keptEvents?: EventKeeper & KeptEvents;
  /** The authentication of the control API. Default: API keys, as when deployed. */
  readonly authentication?: Authentication | 'none';
}

/** One function of the local stack; its name is that of its file in `functions/`. */
export interface LocalFunction {
  readonly name: string;
  readonly timeoutSeconds: number;
  /** Loads the deployed handler and gives it these dependencies. */
  create(dependencies: FunctionDependencies): Promise<FunctionHandler>;
}

/** The deployed default of FUNCTION_TIMEOUT_SECONDS. */
const defaultTimeoutSeconds = 60;

/**
 * The deployed functions. Each is loaded at its first call.
 *
 * @param timeoutSeconds time limit of the functions that send HTTP requests
 */
export function deployedFunctions(timeoutSeconds: number = defaultTimeoutSeconds): readonly LocalFunction[] {
  return [
    {
      name: 'control-api',
      // An operation counts as abandoned after a minute, so the time limit must be shorter.
      timeoutSeconds: 30,
      async create({ environment, aws, authentication, credentialsLog, history, keptEvents }) {
        const { createHandler, dependenciesFrom } = await import('../../../functions/control-api.ts');
        const overrides = { credentialsLog, metrics: noMetrics, history, keptEvents };
        const dependencies = dependenciesFrom(environment, aws, undefined, overrides);
        return createHandler({ ...dependencies, authentication: authentication ?? dependencies.authentication });
      },
    },
    {
      name: 'deliver',
      timeoutSeconds,
      async create({ environment, aws, authentication: _, keptEvents: eventKeeper, ...logs }) {
        const { createHandler, dependenciesFrom } = await import('../../../functions/deliver.ts');
        const overrides = {
          ...logs,
          ...(eventKeeper && { eventKeeper }),
          metrics: noMetrics,
          runsAllInvocations: true,
        };
        const dependencies = dependenciesFrom(environment, aws, overrides);
        return (event, context) =>
          createHandler({ ...dependencies, traceHeader: () => context.traceHeader })(event, context);
      },
    },
    {
      name: 'deliver-queued',
      timeoutSeconds,
      async create({ environment, aws, authentication: _, keptEvents: eventKeeper, ...logs }) {
        const { createHandler, dependenciesFrom } = await import('../../../functions/deliver-queued.ts');
        const overrides = {
          ...logs,
          ...(eventKeeper && { eventKeeper }),
          metrics: noMetrics,
          runsAllInvocations: true,
        };
        return createHandler(dependenciesFrom(environment, aws, overrides));
      },
    },
    {
      name: 'redrive',
      timeoutSeconds: defaultTimeoutSeconds,
      async create({ environment, aws }) {
        const { createHandler, dependenciesFrom } = await import('../../../functions/redrive.ts');
        return createHandler(dependenciesFrom(environment, aws));
      },
    },
    {
      name: 'authorize-connection',
      timeoutSeconds,
      async create({ environment, aws, authentication: _, ...logs }) {
        const { createHandler, dependenciesFrom } = await import('../../../functions/authorize-connection.ts');
        return createHandler(dependenciesFrom(environment, aws, { ...logs, metrics: noMetrics }));
      },
    },
    {
      name: 'resources',
      timeoutSeconds: 300,
      async create({ environment, aws, credentialsLog }) {
        const { createHandler, dependenciesFrom } = await import('../../../functions/resources.ts');
        const overrides = { credentialsLog, metrics: noMetrics, log: { record: () => undefined } };
        return createHandler(dependenciesFrom(environment, aws, undefined, overrides));
      },
    },
  ];
}
