import type { JsonValue } from '../input/json.ts';
import { parseTime } from '../input/time.ts';
import { isJsonObject, ownMember } from '../input/json.ts';
import { isApiDestination } from './parse-delivery.ts';

/** Which dead letters are delivered again, and how fast. */
export interface RedriveRequest {
  /** Name or ARN. */
  readonly apiDestination?: string | undefined;
  /** EventBridge's ERROR_CODE or one of our failure codes. */
  readonly errorCode?: string | undefined;
  /** Only dead letters from this time or later, epoch ms. */
  readonly afterMs?: number | undefined;
  /** Only dead letters from before this time, epoch ms. */
  readonly beforeMs?: number | undefined;
  /** Largest number of dead letters to move, or to count in a dry run; absent means all. */
  readonly maximum?: number | undefined;
  /** Absent means as fast as the queues allow. */
  readonly ratePerSecond?: number | undefined;
  /** Whether dead letters are only counted, not moved. */
  readonly dryRun: boolean;
}

/** The message names every wrong field in one line, without its value. */
export class RedriveRequestError extends Error {
  override readonly name = 'RedriveRequestError';
}

const fields = {
  apiDestination: 'is neither the name nor the ARN of an API destination',
  errorCode: 'is not an error code like ERROR_FROM_TARGET or EndpointRejected',
  after: 'is not a time like 2026-01-31 or 2026-01-31T08:00:00Z',
  before: 'is not a time like 2026-01-31 or 2026-01-31T08:00:00Z',
  maximum: 'is not a whole number from 1 to 1000000000',
  ratePerSecond: 'is not a number from 0.1 to 10000',
  dryRun: 'is not true or false',
} as const;

type Field = keyof typeof fields;

/** At a lower rate, a call might not move a single message before its deadline. */
const leastRatePerSecond = 0.1;
const greatestRatePerSecond = 10_000;
const greatestMaximum = 1_000_000_000;

/**
 * Reads `{apiDestination?, errorCode?, after?, before?, maximum?, ratePerSecond?, dryRun?}`; null counts as absent.
 *
 * Failure policy: an unknown member is refused, because a misspelt filter would otherwise move everything.
 *
 * @throws RedriveRequestError that names every bad field
 */
export function parseRedriveRequest(input: unknown): RedriveRequest {
  const members = input ?? {};
  if (!isJsonObject(members)) throw new RedriveRequestError('Bad input: a redrive takes a JSON object.');
  const problems = Object.keys(members)
    .filter((name) => !Object.hasOwn(fields, name))
    .map((name) => `${shown(name)} is not a field of a redrive`);

  const read = <Value>(field: Field, parse: (value: JsonValue) => Value | undefined): Value | undefined => {
    const value = ownMember(members, field) ?? undefined;
    const parsed = value === undefined ? undefined : parse(value);
    if (value !== undefined && parsed === undefined) problems.push(`${field} ${fields[field]}`);
    return parsed;
  };
  const request: RedriveRequest = {
    apiDestination: read('apiDestination', text(isApiDestination)),
    errorCode: read('errorCode', text(isErrorCode)),
    afterMs: read('after', timeMs),
    beforeMs: read('before', timeMs),
    maximum: read('maximum', numberWithin(1, greatestMaximum, Number.isInteger)),
    ratePerSecond: read('ratePerSecond', numberWithin(leastRatePerSecond, greatestRatePerSecond)),
    dryRun: read('dryRun', (value) => (typeof value === 'boolean' ? value : undefined)) ?? false,
  };
  if ((request.afterMs ?? 0) >= (request.beforeMs ?? Number.POSITIVE_INFINITY)) {
    problems.push('before is not later than after');
  }
  if (problems.length > 0) throw new RedriveRequestError(`Bad input: ${problems.join('; ')}.`);
  return request;
}

/** The name of an unknown field is shown only if it looks like a field name. */
function shown(name: string): string {
  return /^[A-Za-z_-]{1,40}$/.test(name) ? name : 'a member';
}

function text(isValid: (text: string) => boolean) {
  return (value: JsonValue) => (typeof value === 'string' && isValid(value) ? value : undefined);
}

function isErrorCode(code: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(code);
}

function numberWithin(minimum: number, maximum: number, isValid: (value: number) => boolean = Number.isFinite) {
  return (value: JsonValue) =>
    typeof value === 'number' && value >= minimum && value <= maximum && isValid(value) ? value : undefined;
}

function timeMs(value: JsonValue): number | undefined {
  return typeof value === 'string' ? parseTime(value) : undefined;
}
