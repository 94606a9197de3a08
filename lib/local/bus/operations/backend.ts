import { randomUUID } from 'node:crypto';
import { partitionOf } from '../../../core/destination/arn.ts';
import { createAwsJsonRoute } from '../../../protocol/aws-json.ts';
import type { Operations } from '../../../protocol/control-request.ts';
import { readEventsInput } from '../../../protocol/model/events-input.ts';
import { eventsTargetPrefix } from '../../../protocol/model/service-models.ts';
import type { Fault } from '../../../protocol/access.ts';
import type { LocalService } from '../../stack/wire.ts';

export interface BusServiceOptions {
  readonly account: string;
  readonly operations: Operations;
  readonly reportFault: (where: string, error: unknown) => void;
  /** Serves the EventBridge operations that the bus does not perform. */
  readonly otherwise: LocalService;
}

/** EventBridge in the local stack: the bus performs its own operations, and `otherwise` serves all others. */
export function createBusService(options: BusServiceOptions): LocalService {
  const { account, operations, reportFault, otherwise } = options;
  const logFault = ({ operation, errors: [first] }: Fault): void => {
    // The message is left out, because it may quote secret data.
    const shown = { name: `${operation}: ${first?.name}`, stack: first?.stack };
    reportFault('events', Object.assign(new Error(), shown));
  };
  const route = createAwsJsonRoute({
    signingName: 'events',
    targetPrefix: eventsTargetPrefix,
    operations,
    readInput: readEventsInput,
    logFault,
  });
  return async (request) => {
    const target = request.headers['x-amz-target'] ?? '';
    const isOfBus =
      target.startsWith(`${eventsTargetPrefix}.`) &&
      Object.hasOwn(operations, target.slice(eventsTargetPrefix.length + 1));
    if (!isOfBus) return await otherwise(request);
    const { method, path, query, headers, body, region } = request;
    const traceHeader = headers['x-amzn-trace-id'];
    const context = {
      region,
      account,
      partition: partitionOf(region),
      requestId: randomUUID(),
      ...(traceHeader !== undefined && { traceHeader }),
    };
    return await route.answer({ method, path, query, headers: new Map(Object.entries(headers)), body }, context);
  };
}
