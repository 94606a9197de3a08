import { Failure } from '../failure/failure.ts';

/** One version of a secret: its content, or the reason why it cannot be used. */
export type ParsedSecret<Content> =
  | { readonly version: string; readonly content: Content }
  | { readonly version: string; readonly problem: Failure };

/**
 * Parses a version of a secret as it was read.
 *
 * @param parse throws a Failure whose message shows no part of the text; other errors are bugs and are thrown again
 */
export function parseSecret<Content>(
  { version, text }: { readonly version: string; readonly text: string },
  parse: (text: string) => Content,
): ParsedSecret<Content> {
  try {
    return { version, content: parse(text) };
  } catch (error) {
    if (error instanceof Failure) return { version, problem: error };
    throw error;
  }
}

/**
 * The text of the stack's root secret, from which keys are derived.
 *
 * @throws Failure SecretNotFound when the secret is absent or empty
 */
export function requireRootSecret(text: string | undefined): string {
  if (text !== undefined && text !== '') return text;
  throw new Failure('SecretNotFound', 'The root secret of the stack does not exist or is empty.');
}
