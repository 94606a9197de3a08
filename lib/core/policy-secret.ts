import { Failure } from './failure.ts';
import { isJsonObject } from './json.ts';
import { MemberReader } from './member-reader.ts';

/*
 * The secrets that delivery policies name: each is either the thing itself, or a JSON object that holds it.
 */

/** Whether it is meant to be a JSON object. */
export function isPolicySecretObject(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/** @throws Failure InvalidPolicySecret that shows nothing of it */
export function parsePolicySecretObject(text: string): MemberReader {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return new MemberReader(value, '', 'InvalidPolicySecret');
  } catch {
    // Without its cause: the message of a syntax error quotes the text.
  }
  throw new Failure('InvalidPolicySecret', 'It is not JSON.');
}
