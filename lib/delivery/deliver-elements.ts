import type { Conclusion } from '../core/delivery/delivery.ts';
import type { Element } from '../core/message/elements.ts';
import { elementsOf, elementsOfMessage } from '../core/message/elements.ts';
import type { ParseOptions } from '../core/message/parse-delivery.ts';
import { parseDelivery } from '../core/message/parse-delivery.ts';
import type { RecordMessage } from '../core/message/sqs-event.ts';
import type { RawMessages } from '../ports/delivery.ts';
import type { Deadline } from './deadline.ts';
import type { Deliver, ReceivedEvent } from './deliver.ts';

/** One of the events that came together, before it is known to be a delivery. */
export interface ReceivedElement extends ReceivedEvent {
  /** If the element is a record of an SQS message, the id of this message. */
  readonly messageId?: string | undefined;
}

/** The conclusion of one element. */
export interface ElementConclusion extends Conclusion {
  readonly messageId?: string | undefined;
}

/** @returns undefined when the input is one event */
export function elementsInInput(
  input: unknown,
  options: ParseOptions,
  invocationId: string | undefined,
): readonly ReceivedElement[] | undefined {
  return elementsOf(input)?.map((element, position) => ({
    ...receivedElement(element, options),
    ...(invocationId !== undefined && { arrival: { id: invocationId, position } }),
  }));
}

/**
 * @param whole the message, read as one event
 * @returns undefined when the message holds one event
 */
export function elementsInMessage(
  { message, messageId, sentAtMs, raw }: RecordMessage,
  whole: ReceivedEvent,
  { apiDestination, rawMessages }: { readonly apiDestination: string | undefined; readonly rawMessages: RawMessages },
): readonly ReceivedElement[] | undefined {
  const found = elementsOfMessage(message);
  return found?.elements.map((element, position) => ({
    ...receivedElement(element, { apiDestination, nowMs: sentAtMs, trace: found.trace }, true),
    arrival: { id: messageId, position },
    keep: (failure) => rawMessages.sendToDeadLetters({ ...raw, body: element.text, attributes: {} }, failure),
    ...(whole.refusal !== undefined && { refusal: whole.refusal }),
  }));
}

/** @param keepsText whether the text is the sender's own. Lambda's runtime parses the input of an invocation, which loses it */
function receivedElement(
  { value, text, occurrence, messageId }: Element,
  options: ParseOptions,
  keepsText = false,
): ReceivedElement {
  return {
    parse: () => ({ delivery: parseDelivery(value, { ...options, occurrence }, keepsText ? text : undefined) }),
    body: () => text,
    messageId,
  };
}

/**
 * Delivers each element on its own. What cannot be read costs its own element only.
 *
 * Failure policy: when one of several events cannot be settled, the sender delivers all of them again, also those that have
 * arrived. So more than `mostAtOnce` events are not attempted here. Each goes to the delivery queue as a message of its own, which
 * takes milliseconds and depends on no endpoint. Only an event that the queue does not take is attempted at once. If that also
 * settles nothing, it returns to the sender with the others: they may arrive twice, with the same Idempotency-Key. An event that must
 * keep its order is never attempted here. It goes to the ordered queue, and the events of one group in the order of the array.
 */
export async function deliverTogether(
  elements: readonly ReceivedElement[],
  deliver: Deliver,
  deadline: Deadline,
  mostAtOnce: number,
): Promise<readonly ElementConclusion[]> {
  const handsOver = elements.length > mostAtOnce;
  return Promise.all(
    elements.map(async (element) => {
      const first = await deliver(handsOver ? { ...element, handsOver: 'batch' } : element, deadline);
      const isReturned = first.settlement.kind === 'returned';
      const conclusion = handsOver && isReturned ? await deliver(element, deadline) : first;
      return element.messageId === undefined ? conclusion : { ...conclusion, messageId: element.messageId };
    }),
  );
}
