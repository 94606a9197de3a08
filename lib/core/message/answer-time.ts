import { isJsonObject, ownMember } from '../input/json.ts';

/** The longest time that Lambda lets a function run, in seconds. */
export const longestAnswerSeconds = 900;

/**
 * How long the sender of an input waits for the answer: the least `answerWithinSeconds` of its envelopes. Performance: only
 * envelopes are looked at, not what is in them.
 *
 * @returns undefined when no envelope says so; a malformed value counts as absent, because its own delivery is refused
 */
export function answerWithinMs(input: unknown): number | undefined {
  const inputs: readonly unknown[] = Array.isArray(input) ? input : [input];
  let leastMs: number | undefined;
  for (const each of inputs) {
    const seconds = isJsonObject(each) ? ownMember(each, 'answerWithinSeconds') : undefined;
    if (typeof seconds !== 'number' || !(seconds >= 1)) continue;
    leastMs = Math.min(leastMs ?? Number.POSITIVE_INFINITY, seconds * 1000);
  }
  return leastMs;
}
