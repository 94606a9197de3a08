/** Life cycle of API keys. Source: AppSync API reference, CreateApiKey, UpdateApiKey and the quotas of API keys. */
import { ServiceError } from '../failure/service-error.ts';

/** The API that a key belongs to: the whole control API, or PutEvents alone. */
export type ApiId = 'control' | 'events';

export const apiIds: readonly ApiId[] = ['control', 'events'];

/** One API key as the table stores it, without its secret. Times are whole epoch seconds in UTC. */
export interface ApiKey {
  readonly apiId: ApiId;
  /** `da2-` and ten characters. */
  readonly publicId: string;
  readonly incarnation: string;
  readonly description?: string;
  readonly expiresAtSeconds: number;
  readonly deletesAtSeconds: number;
  readonly revision: number;
}

/** Quota of each API. Expired keys count until they are deleted. */
export const maximumApiKeys = 50;

const hourSeconds = 3600;
const daySeconds = 24 * hourSeconds;
const defaultValidityDays = 7;
const minimumValidityDays = 1;
const maximumValidityDays = 365;
/** How long an expired key can still be extended. */
const retentionDays = 60;

export interface Validity {
  readonly expiresAtSeconds: number;
  readonly deletesAtSeconds: number;
}

/**
 * The expiry and deletion of a key that is created or extended now. The bounds apply to the requested time before it is
 * rounded down to the hour, so a validity of exactly one day is accepted at any minute of the hour.
 *
 * @param expiresAtSeconds the requested time; absent means seven days
 * @throws ServiceError ApiKeyValidityOutOfBoundsException
 */
export function validityFrom(nowMs: number, expiresAtSeconds?: number): Validity {
  const nowSeconds = Math.floor(nowMs / 1000);
  const asked = expiresAtSeconds ?? nowSeconds + defaultValidityDays * daySeconds;
  if (asked - nowSeconds < minimumValidityDays * daySeconds) throw outOfBounds('minimum', minimumValidityDays);
  if (asked - nowSeconds > maximumValidityDays * daySeconds) throw outOfBounds('maximum', maximumValidityDays);
  const expires = Math.floor(asked / hourSeconds) * hourSeconds;
  return { expiresAtSeconds: expires, deletesAtSeconds: expires + retentionDays * daySeconds };
}

function outOfBounds(bound: 'minimum' | 'maximum', days: number): ServiceError {
  return new ServiceError(
    'ApiKeyValidityOutOfBoundsException',
    `API key must be valid for a ${bound} of ${days} days.`,
  );
}

export function isValid(key: ApiKey, nowMs: number): boolean {
  return nowMs < key.expiresAtSeconds * 1000;
}

/** Whether the key counts as deleted, even if the table has not removed its item yet. */
export function isDeleted(key: ApiKey, nowMs: number): boolean {
  return nowMs >= key.deletesAtSeconds * 1000;
}
