import { randomUUID } from 'node:crypto';
import { partitionOf } from '../../core/destination/arn.ts';
import { isApplicable, isSignedWith, parseSignature } from '../../core/api-key/sig-v4.ts';
import type { Clock } from '../../ports/clock.ts';
import { admit, createEventsRoute } from '../../protocol/control-api.ts';
import type { Authentication, ControlRequest, Operations } from '../../protocol/control-request.ts';
import type { Fault } from '../../protocol/access.ts';
import { asControlRequest } from './callers.ts';
import type { LocalService } from './wire.ts';

export interface BusGuardOptions {
  readonly account: string;
  readonly authentication: Authentication | 'none';
  /** The secret with which the stack's own functions sign; no other client knows it. */
  readonly functionSecret: string;
  readonly clock: Clock;
  readonly bus: LocalService;
  /** The operations that the bus performs itself. */
  readonly operations: Operations;
  readonly reportFault: (where: string, error: unknown) => void;
}

/** Checks the API key of each operation that the bus performs. The control API checks all other operations itself. */
export function guardBus(options: BusGuardOptions): LocalService {
  const { account, authentication, bus, operations, reportFault } = options;
  if (authentication === 'none') return bus;
  const logFault = ({ errors: [first] }: Fault): void => {
    reportFault('authentication', Object.assign(new Error(first?.message), { name: first?.name, stack: first?.stack }));
  };
  const route = createEventsRoute({ operations, logFault });
  return async (request) => {
    const { region } = request;
    const asked = asControlRequest(request);
    const operation = route.operationOf(asked);
    if (operation === undefined || isForwarded(asked, operation, region, options)) return await bus(request);
    const context = { region, account, partition: partitionOf(region), requestId: randomUUID() };
    const admission = await admit(route, asked, context, { authentication, logFault });
    return admission.kind === 'refused' ? admission.answer : await bus(request);
  };
}

/** Whether the control API has forwarded this PutEvents. If so, it has already checked the caller's key. */
function isForwarded(asked: ControlRequest, operation: string, region: string, options: BusGuardOptions): boolean {
  const signature = operation === 'PutEvents' ? parseSignature(asked) : undefined;
  const receiver = { nowMs: options.clock.nowMs(), region, services: new Set(['events']) };
  if (signature === undefined || !isApplicable(asked, signature, receiver)) return false;
  return isSignedWith(options.functionSecret, asked, signature);
}
