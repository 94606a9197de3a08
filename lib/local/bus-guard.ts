import { randomUUID } from 'node:crypto';
import { partitionOf } from '../core/arn.ts';
import { createEventsRoute, refusalOf } from '../protocol/control-api.ts';
import type { Authentication, Operations } from '../protocol/control-request.ts';
import type { Fault } from '../protocol/fault.ts';
import type { LocalService } from './wire.ts';

export interface BusGuardOptions {
  readonly account: string;
  readonly authentication: Authentication | 'none';
  readonly bus: LocalService;
  /** Those that the bus performs itself. */
  readonly operations: Operations;
  readonly reportFault: (where: string, error: unknown) => void;
}

/** Lets through to the bus who has a key for it. What the bus hands on is checked where it arrives. */
export function guardBus({ account, authentication, bus, operations, reportFault }: BusGuardOptions): LocalService {
  if (authentication === 'none') return bus;
  const logFault = ({ errors: [first] }: Fault): void => {
    reportFault('authentication', Object.assign(new Error(first?.message), { name: first?.name, stack: first?.stack }));
  };
  const route = createEventsRoute({ operations, logFault });
  return async (request) => {
    const { method, path, query, headers, body, region } = request;
    const asked = { method, path, query, headers: new Map(Object.entries(headers)), body };
    if (route.operationOf(asked) === undefined) return await bus(request);
    const context = { region, account, partition: partitionOf(region), requestId: randomUUID() };
    return (await refusalOf(route, asked, context, { authentication, logFault })) ?? (await bus(request));
  };
}
