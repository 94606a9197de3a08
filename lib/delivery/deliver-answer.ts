import type { Conclusion } from '../core/delivery/delivery.ts';
import type { ElementConclusion } from './deliver-elements.ts';

/** The answer of `deliver` to one event. */
export function answerOf({ settlement, bug: _bug, ...facts }: Conclusion): object {
  return { outcome: settlement.kind, ...facts };
}

/**
 * The answer of `deliver` to an array: one answer for each event, in order.
 *
 * Failure policy: an event that stays with its sender is reported by the id of its message. Then the sender delivers no
 * other message again. Only EventBridge Pipes always reads such a report. For every other sender the whole invocation fails.
 *
 * @param isFromPipe whether the input is what a pipe passes on
 * @throws the error of the first event that stays with its sender, if its message cannot be reported
 */
export function answerOfElements(conclusions: readonly ElementConclusion[], isFromPipe: boolean): object {
  const batchItemFailures: { readonly itemIdentifier: string }[] = [];
  for (const { settlement, messageId } of conclusions) {
    if (settlement.kind !== 'returned') continue;
    if (messageId === undefined || !isFromPipe) throw settlement.error;
    batchItemFailures.push({ itemIdentifier: messageId });
  }
  return { deliveries: conclusions.map(answerOf), batchItemFailures };
}
