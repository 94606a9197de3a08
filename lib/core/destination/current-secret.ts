import { Failure } from '../failure/failure.ts';

/** The content of one version of a secret, as it was read. */
interface SecretText {
  readonly version: string;
  readonly text: string;
}

/** The current version of a secret, with its content. */
export interface SecretInForce<Value> {
  readonly version: string;
  readonly value: Value;
}

/** The current version of a secret: its content, or why it cannot be used. */
export type CurrentSecret<Value> = SecretInForce<Value> | { readonly version: string; readonly problem: Failure };

/**
 * Reads the content of a secret. If `parse` throws a Failure, it becomes the `problem` of this version, so that a cache can
 * keep it just like valid content.
 */
export function parseCurrentSecret<Value>(
  { version, text }: SecretText,
  parse: (text: string) => Value,
): CurrentSecret<Value> {
  try {
    return { version, value: parse(text) };
  } catch (error) {
    if (error instanceof Failure) return { version, problem: error };
    throw error;
  }
}
