import { Failure } from '../../../../lib/core/failure/failure.ts';

/** The Failure that `act` throws, as `code: message`. Any other error is thrown again. */
export function failureOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no failure';
}
