import type { DeliveryTarget } from '../../../core/delivery/delivery.ts';
import { parseTrace, type Trace } from '../../../core/delivery/trace.ts';
import { Failure } from '../../../core/failure/failure.ts';
import { formatQueuedDelivery } from '../../../core/message/queued-delivery.ts';
import type { QueueMessage } from '../../../core/message/queue-message.ts';
import { parseDelivery } from '../../../core/message/parse-delivery.ts';
import { parseJson } from '../../../core/input/json.ts';
import { type DeliveryNames, namesOf } from '../../../core/delivery/delivery-names.ts';
import { type AcceptedEvent, membersBeforeDetail, type StoredDispatch } from '../store/event-store.ts';
import type { RuleTarget } from '../store/model.ts';

/** The members of a target that a delivery uses. */
const deliveryMembers = new Set([
  'Id',
  'Arn',
  'Input',
  'InputPath',
  'InputTransformer',
  'HttpParameters',
  'RetryPolicy',
  'DeadLetterConfig',
]);

export function deliveryTarget(target: RuleTarget): DeliveryTarget {
  return Object.fromEntries(Object.entries(target).filter(([name]) => deliveryMembers.has(name)));
}

/**
 * The message in the delivery queue for an event with an API destination as its target. It is the same message that a rule
 * with the queue as its target would send. So the text of the event does not change, the messages of a batch take their slots
 * with one write, and the code of the deployed worker delivers them.
 *
 * @returns undefined when the event is too large for a message, even when compressed
 */
export function deliveryMessage({ event, ruleArn }: StoredDispatch, target: RuleTarget): QueueMessage | undefined {
  const trace = traceOf(event);
  try {
    return formatQueuedDelivery({
      delivery: {
        apiDestination: target.Arn,
        event: { value: {}, text: event.text },
        rule: ruleArn,
        target: deliveryTarget(target),
        attempts: 0,
        postponements: 0,
        firstReceivedAtMs: event.acceptedAtMs,
        ...(trace !== undefined && { trace }),
      },
    });
  } catch (error) {
    if (error instanceof Failure && error.code === 'DeliveryTooLarge') return undefined;
    throw error;
  }
}

/**
 * The input of the function `deliver`, for an event that is too large for a message. The stack does not limit the size of an
 * asynchronous invocation.
 */
export function deliverPayload({ event, ruleArn }: StoredDispatch, target: RuleTarget): string {
  const envelope = { apiDestination: target.Arn, rule: ruleArn, target: deliveryTarget(target), trace: traceOf(event) };
  return `${JSON.stringify(envelope).slice(0, -1)},"event":${event.text}}`;
}

/** The names of the delivery of an event to a target that is an API destination. */
export function namesOfDispatch({ event, ruleArn }: StoredDispatch, target: RuleTarget): DeliveryNames {
  const trace = traceOf(event);
  return namesOf({
    apiDestination: target.Arn,
    event: { value: membersBeforeDetail(event.text) },
    rule: ruleArn,
    target: { Id: target.Id },
    ...(trace !== undefined && { trace }),
  });
}

/**
 * The names of the delivery of an input that is an envelope; undefined when the worker will refuse the input.
 *
 * @param ownDestination the API destination of inputs that are events; undefined when inputs must be envelopes
 */
export function namesOfInput(
  input: string,
  ownDestination: string | undefined,
  nowMs: number,
): DeliveryNames | undefined {
  try {
    return namesOf(parseDelivery(parseJson(input), { apiDestination: ownDestination, nowMs }));
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function traceOf({ traceHeader }: AcceptedEvent): Trace | undefined {
  return traceHeader === undefined ? undefined : parseTrace({ 'X-Amzn-Trace-Id': traceHeader });
}
