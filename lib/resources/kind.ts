import { ServiceError, type ServiceErrorCode } from '../core/failure/service-error.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import type { Clock } from '../ports/clock.ts';
import type { ChosenIdentity, ControlCalls, DeclaredKeys } from '../ports/resources.ts';
import type { ResourceRequest } from './request.ts';

/** One request that is being worked on. */
export interface Work {
  readonly request: ResourceRequest;
  readonly control: ControlCalls;
  readonly apiKeys: DeclaredKeys;
  readonly clock: Clock;
  readonly newUuid: () => string;
  /** Aborts when the time of the request is over. */
  readonly signal: AbortSignal;
  /** The physical id that the answer to a failed Create has. CloudFormation then sends a Delete with it. */
  made(physicalResourceId: string): void;
  /** What the answer names as the cause if the time of the request ends now. */
  waitsFor(what: string): void;
}

export interface Made {
  readonly physicalResourceId: string;
  /** Values for Fn::GetAtt. */
  readonly data: JsonObject;
}

/** One type of resource, such as Custom::LastmileConnection. */
export interface ResourceKind {
  /**
   * Makes the resource exist with the properties of the request. It does not matter whether it existed before, so a request that
   * comes again, and a rollback, get the same result.
   */
  put(work: Work): Promise<Made>;
  /** Also resolves when the resource does not exist. */
  remove(work: Work): Promise<void>;
}

/** A scalar as text; empty for everything else. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

export function hasCode(error: unknown, ...codes: readonly ServiceErrorCode[]): boolean {
  return error instanceof ServiceError && codes.includes(error.code);
}

/** The answer of an operation that reads; undefined when what it reads does not exist. */
export async function find(work: Work, operation: string, input: JsonObject): Promise<JsonObject | undefined> {
  try {
    return await work.control.call(operation, input);
  } catch (error) {
    if (hasCode(error, 'ResourceNotFoundException', 'NotFoundException')) return undefined;
    throw error;
  }
}

const retryDelayMs = 500;
const maximumTries = 5;

/** Calls an operation that changes something. A change by somebody else at the same time is not a failure: it tries again. */
export async function change(
  work: Work,
  operation: string,
  input: JsonObject,
  identity?: ChosenIdentity,
): Promise<JsonObject> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work.control.call(operation, input, identity);
    } catch (error) {
      if (!hasCode(error, 'ConcurrentModificationException') || tries === maximumTries) throw error;
    }
    await work.clock.delay(retryDelayMs, work.signal);
  }
}

/** Deletes. Somebody else may have deleted it before. */
export async function removed(work: Work, operation: string, input: JsonObject): Promise<void> {
  try {
    await change(work, operation, input);
  } catch (error) {
    if (!hasCode(error, 'ResourceNotFoundException', 'NotFoundException')) throw error;
  }
}
