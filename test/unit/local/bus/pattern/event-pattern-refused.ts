import { ServiceError } from '../../../../../lib/core/failure/service-error.ts';
import { compileEventPattern, testEventPattern } from '../../../../../lib/local/bus/pattern/event-pattern.ts';

/** Marks the position in a pattern at which EventBridge refuses it. */
const mark = '▲';

/** The error for the pattern, or undefined when the pattern is accepted. */
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

/** The pattern without its mark, and the position of the mark as errors print it. */
export function unmarked(marked: string): { readonly pattern: string; readonly place: string } {
  const pattern = marked.replaceAll(mark, '');
  const before = marked.slice(0, marked.indexOf(mark)).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return { pattern, place: `[Source: (String)"${pattern}"; line: ${before.length}, column: ${column}]` };
}
