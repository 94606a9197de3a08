import { Failure } from '../core/failure/failure.ts';

/**
 * The text of the stack's root secret. Each caller decides how long it caches the text.
 *
 * @throws Failure SecretNotFound when the secret does not exist or is empty
 */
export function rootSecretOf(value: { readonly text: string } | undefined): string {
  if (value !== undefined && value.text !== '') return value.text;
  throw new Failure('SecretNotFound', 'The root secret of the stack does not exist or is empty.');
}
