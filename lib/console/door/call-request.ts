import type { JsonObject } from '../../core/input/json.ts';
import { isJsonObject, ownMember, parseJsonBytes } from '../../core/input/json.ts';

interface CallRequest {
  readonly operation: string;
  readonly input: JsonObject;
  readonly region: string;
}

/** @returns undefined when the body is not JSON of this form */
export function parseCallRequest(body: Uint8Array): CallRequest | undefined {
  const call = parseJsonBytes(body);
  if (!isJsonObject(call)) return undefined;
  const [operation, input, region] = [
    ownMember(call, 'operation'),
    ownMember(call, 'input'),
    ownMember(call, 'region'),
  ];
  if (typeof operation !== 'string' || !isJsonObject(input) || typeof region !== 'string') return undefined;
  return /^[a-z0-9-]{1,40}$/.test(region) ? { operation, input, region } : undefined;
}
