import { ServiceError } from '../../../../../lib/core/failure/service-error.ts';
import { compileEventPattern, testEventPattern } from '../../../../../lib/local/bus/pattern/event-pattern.ts';

/** Marks in a pattern where the service's parser stands when it refuses it. */
const mark = '▲';

/** What the pattern is refused with, or undefined if it is not. */
export function refusalOf(pattern: string): ServiceError | undefined {
  try {
    compileEventPattern(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

export function refusedTest(pattern: string, event: string): unknown {
  try {
    return testEventPattern(pattern, event);
  } catch (error) {
    return error;
  }
}

/** The marked pattern without its marks, and where the last of them stood, as refusals name it. */
export function unmarked(marked: string): { readonly pattern: string; readonly place: string } {
  const pattern = marked.replaceAll(mark, '');
  const before = marked.slice(0, marked.indexOf(mark)).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return { pattern, place: `[Source: (String)"${pattern}"; line: ${before.length}, column: ${column}]` };
}
