import type { Conclusion } from '../core/delivery/delivery.ts';
import type { Trace } from '../core/delivery/trace.ts';
import { jsonText } from '../core/input/json-text.ts';
import type { JsonValue } from '../core/input/json.ts';
import { isJsonObject } from '../core/input/json.ts';
import { parseDelivery } from '../core/message/parse-delivery.ts';
import { batchSize } from '../core/message/sqs-event.ts';
import type { Clock } from '../ports/clock.ts';
import type { Deadline } from './deadline.ts';
import type { ElementConclusion } from './deliver-elements.ts';
import type { Deliver } from './deliver.ts';

export interface InputDelivererDependencies {
  readonly deliver: Deliver;
  readonly clock: Clock;
  /** The API destination of every event, when the function has one; envelopes are then refused. */
  readonly apiDestination: string | undefined;
}

/** An invocation of the function `deliver`. */
export interface Invocation {
  /** Lambda's request id: the same when Lambda repeats an invocation that failed. Absent when it is not known. */
  readonly id?: string | undefined;
  /** The trace of the invocation. An envelope may have another one. */
  readonly trace?: Trace | undefined;
}

/** Delivers the unparsed input of an invocation that is one event. */
export type DeliverInput = (input: unknown, deadline: Deadline, invocation?: Invocation) => Promise<Conclusion>;

export function createDeliverInput({ deliver, clock, apiDestination }: InputDelivererDependencies): DeliverInput {
  return (input, deadline, { id, trace } = {}) => {
    const parse = () => ({ delivery: parseDelivery(input, { apiDestination, nowMs: clock.nowMs(), trace }) });
    const body = () => jsonText((input ?? null) as JsonValue);
    return deliver(id === undefined ? { parse, body } : { parse, body, arrival: { id, position: 0 } }, deadline);
  };
}

/** Whether an input may hold several events, and `DeliverElements` must look. */
export function mayHoldElements(input: unknown): boolean {
  return Array.isArray(input) || (isJsonObject(input) && Object.hasOwn(input, 'Records'));
}

/** Delivers the events of an input that may hold several. @returns undefined when it is one event */
export type DeliverElements = (
  input: unknown,
  deadline: Deadline,
  invocation?: Invocation,
) => Promise<readonly ElementConclusion[] | undefined>;

export function createDeliverElements({ deliver, clock, apiDestination }: InputDelivererDependencies): DeliverElements {
  return async (input, deadline, { id, trace } = {}) => {
    const { deliverTogether, elementsInInput } = await import('./deliver-elements.ts');
    const elements = elementsInInput(input, { apiDestination, nowMs: clock.nowMs(), trace }, id);
    return elements && deliverTogether(elements, deliver, deadline, batchSize);
  };
}
