import { orderEvents } from '../events.ts';

/** An order of 0.8 KB whose id ends with this number. */
export function numberedEvent(number: number) {
  const event = orderEvents[number % orderEvents.length];
  return { ...event, id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}` };
}

/** The numbers in groups of ten. Both queues accept a group in one call. */
export function inTens(first: number, count: number): readonly (readonly number[])[] {
  const size = 10;
  return Array.from({ length: Math.ceil(count / size) }, (_, call) =>
    Array.from({ length: Math.min(size, count - call * size) }, (__, index) => first + call * size + index),
  );
}
