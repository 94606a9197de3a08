import { partitionOf } from '../core/arn.ts';
import type { RequestContext } from './control-request.ts';
import { accountOfFunctionUrlEvent } from './function-url.ts';

/** What of Lambda's own context says where a request arrived. */
export interface InvocationContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
}

const functionArn = /^arn:(aws[a-z-]{0,20}):lambda:([a-z0-9-]{1,32}):([0-9]{12}):function:/;

/**
 * Region and account of the function that was invoked. Without a usable function ARN, which some local runners do not
 * give, the region is the fallback and the account the one that the event names.
 *
 * @param fallbackRegion the environment's region
 * @throws Error when neither says which account or region it is: an ARN made without them would name nothing
 */
export function lambdaRequestContext(
  event: unknown,
  invocation: InvocationContext,
  fallbackRegion: string | undefined,
): RequestContext {
  const [, partition, arnRegion, arnAccount] = functionArn.exec(invocation.invokedFunctionArn) ?? [];
  const region = arnRegion ?? fallbackRegion;
  const account = arnAccount ?? accountOfFunctionUrlEvent(event);
  if (region === undefined || account === undefined) {
    throw new Error('Neither the function ARN nor the event and the environment name the region and the account.');
  }
  return { region, account, partition: partition ?? partitionOf(region), requestId: invocation.awsRequestId };
}
