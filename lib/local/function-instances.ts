import type { Context } from 'aws-lambda';
import type { AwsClientConfig } from '../adapters/aws-clients.ts';
import type { Environment } from '../config.ts';
import type { DeliveryLog } from '../ports.ts';
import type { Authentication } from '../protocol/control-request.ts';

export type FunctionHandler = (event: unknown, context: Context) => Promise<unknown>;

/** What a function of the stack is made from. */
export interface FunctionSurroundings {
  readonly environment: Environment;
  readonly aws: AwsClientConfig;
  readonly deliveryLog: DeliveryLog;
  /** Who may call the control API. Default: who has a key, as deployed. */
  readonly authentication?: Authentication | 'none';
}

/** One function of the stack, under the name that it has in `functions/`. */
export interface LocalFunction {
  readonly name: string;
  readonly timeoutSeconds: number;
  /** Loads and wires the deployed handler. */
  create(surroundings: FunctionSurroundings): Promise<FunctionHandler>;
}

/** At least as long as a deployed function has by default in this product. */
const leastTimeoutSeconds = 60;
const longestTimeoutSeconds = 900;

/** What deliver keeps free before its deadline, and some to settle in. */
const settlingSeconds = 15;

/** The deployed functions, loaded when they are first called. */
export function deployedFunctions(requestTimeoutMs: number): readonly LocalFunction[] {
  const needed = Math.ceil(requestTimeoutMs / 1000) + settlingSeconds;
  const timeoutSeconds = Math.min(longestTimeoutSeconds, Math.max(leastTimeoutSeconds, needed));
  return [
    {
      name: 'control-api',
      timeoutSeconds: 30,
      async create({ environment, aws, authentication }) {
        const { createHandler, dependenciesFrom } = await import('../../functions/control-api/handler.ts');
        const dependencies = dependenciesFrom(environment, aws);
        return createHandler({ ...dependencies, authentication: authentication ?? dependencies.authentication });
      },
    },
    {
      name: 'deliver',
      timeoutSeconds,
      async create({ environment, aws, deliveryLog }) {
        const { createHandler, dependenciesFrom } = await import('../../functions/deliver/handler.ts');
        return createHandler(dependenciesFrom(environment, aws, { deliveryLog }));
      },
    },
    {
      name: 'deliver-queued',
      timeoutSeconds,
      async create({ environment, aws, deliveryLog }) {
        const { createHandler, dependenciesFrom } = await import('../../functions/deliver-queued/handler.ts');
        return createHandler(dependenciesFrom(environment, aws, { deliveryLog }));
      },
    },
    {
      name: 'redrive',
      timeoutSeconds: leastTimeoutSeconds,
      async create({ environment, aws }) {
        const { createHandler, dependenciesFrom } = await import('../../functions/redrive/handler.ts');
        return createHandler(dependenciesFrom(environment, aws));
      },
    },
    {
      name: 'authorize-connection',
      timeoutSeconds,
      async create({ environment, aws }) {
        const { createHandler, dependenciesFrom } = await import('../../functions/authorize-connection/handler.ts');
        return createHandler(dependenciesFrom(environment, aws));
      },
    },
  ];
}
