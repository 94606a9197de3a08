import type { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import type { AwsClientConfig } from '../lib/adapters/aws/clients.ts';
import type { Environment } from '../lib/config.ts';
import { parseConfig } from '../lib/config.ts';
import { parseRedriveRequest } from '../lib/core/message/redrive-request.ts';
import { withDeadline } from '../lib/delivery/deadline.ts';
import type { RedriveResult } from '../lib/delivery/redrive/pass.ts';
import type { Redrive } from '../lib/delivery/redrive/redrive.ts';
import { createRedrive } from '../lib/delivery/redrive/redrive.ts';
import type { Clock } from '../lib/ports/clock.ts';
import { createSqsClient } from '../lib/adapters/aws/sqs-client.ts';
import { wireDeadLetters } from './dead-letters.ts';
import type { Handler } from './entry.ts';
import { createEntry } from './entry.ts';
import { logged } from './logged.ts';

export interface RedriveDependencies {
  readonly redrive: Redrive;
  readonly clock: Clock;
}

/**
 * Moves dead letters back to the delivery queue. It is invoked by hand or on a schedule. After an answer with `more: true`,
 * the caller may invoke it again.
 */
export function createHandler({ redrive, clock }: RedriveDependencies) {
  return async (input: unknown, context: Context): Promise<RedriveResult> => {
    const request = parseRedriveRequest(input);
    return withDeadline(clock, context.getRemainingTimeInMillis(), (deadline) => redrive(request, deadline));
  };
}

/** @throws ConfigError naming every bad variable */
export function dependenciesFrom(environment: Environment, aws: AwsClientConfig = {}): RedriveDependencies {
  const config = parseConfig(environment);
  const wired = wireDeadLetters(config, createSqsClient(aws));
  return { redrive: createRedrive(wired), clock: wired.clock };
}

/** Nobody reads the answer of a scheduled call, so it is also written to the log. */
function withLine(redrive: Handler<unknown, RedriveResult>, logger: Logger): Handler<unknown, RedriveResult> {
  return async (input, context) => {
    const result = await redrive(input, context);
    logger.info('redrive', { ...result });
    return result;
  };
}

export const handler = createEntry(
  logged('redrive', (logger) => withLine(createHandler(dependenciesFrom(process.env)), logger)),
);
