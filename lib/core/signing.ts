import { Failure } from './failure.ts';

/** Keys that requests to an endpoint are signed with, in the order of their signatures. */
export interface SigningKeys {
  readonly keys: readonly Uint8Array[];
}

/** @throws Failure InvalidPolicySecret that says what is wrong, and shows nothing of it */
export function parseSigningSecret(text: string): SigningKeys {
  if (text === '') throw new Failure('InvalidPolicySecret', 'The signing secret is empty.');
  return { keys: [new TextEncoder().encode(text)] };
}
