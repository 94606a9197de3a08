import type { EventDocument } from './delivery.ts';
import { Failure } from './failure.ts';
import type { JsonValue } from './json.ts';

/**
 * JSON text of a value from outside.
 *
 * Failure policy: what JavaScript can parse but not print again (arrays some thousand levels deep) is refused for good,
 * because no retry would print it.
 */
export function jsonText(value: JsonValue): string {
  return printing(() => JSON.stringify(value));
}

/** The event's own text where it is known, else its value printed. */
export function printedEvent(event: EventDocument): string {
  return event.text ?? jsonText(event.value);
}

function printing(print: () => string): string {
  try {
    return print();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Failure('InvalidInvocation', 'The event is nested too deeply or too large to be sent.');
  }
}
