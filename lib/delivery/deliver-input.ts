import type { Conclusion } from '../core/delivery.ts';
import type { JsonValue } from '../core/json.ts';
import { jsonText } from '../core/json-text.ts';
import { parseDelivery } from '../core/parse-delivery.ts';
import type { Clock } from '../ports.ts';
import type { Deadline } from './deadline.ts';
import type { Deliver } from './deliver.ts';

export interface InputDelivererDependencies {
  readonly deliver: Deliver;
  readonly clock: Clock;
  /** The API destination of every event, when the function has one; envelopes are then refused. */
  readonly apiDestination: string | undefined;
}

/** Delivers a rule target's input as it came. */
export type DeliverInput = (input: unknown, deadline: Deadline) => Promise<Conclusion>;

export function createDeliverInput({ deliver, clock, apiDestination }: InputDelivererDependencies): DeliverInput {
  return (input, deadline) => {
    const parse = () => ({ delivery: parseDelivery(input, { apiDestination, nowMs: clock.nowMs() }) });
    return deliver({ parse, body: () => jsonText((input ?? null) as JsonValue) }, deadline);
  };
}
