import { ServiceError } from '../../../core/failure/service-error.ts';
import type { JsonObject } from '../../../core/input/json.ts';
import type { BusStore } from '../store/store.ts';

export interface BusCaller {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  /** The request's header X-Amzn-Trace-Id, not validated. */
  readonly traceHeader?: string;
}

/**
 * One operation of the local bus. Before it runs, its input was checked against the service model: types, patterns, lengths and
 * enums are right, and there are no nulls or unknown members.
 *
 * @returns the members of the answer; times are epoch seconds
 * @throws ServiceError with the text for the client
 */
export type BusOperation = (input: JsonObject, caller: BusCaller) => JsonObject;

export interface BusDependencies {
  readonly store: BusStore;
  readonly nowMs: () => number;
}

/*
 * The error texts come from recorded answers of the service. Where no answer is recorded, they come from reports of its users.
 * A text that is marked as our own comes from neither.
 */

export function invalid(text: string): ServiceError {
  return new ServiceError('ValidationException', text);
}

/** @param reason our own text, because EventBridge gives a different reason or none */
export function invalidParameter(parameter: string, reason?: string): ServiceError {
  return invalid(`Parameter ${parameter} is not valid.${reason === undefined ? '' : ` Reason: ${reason}`}`);
}

export function invalidArn(arn: string): ServiceError {
  return invalidParameter(arn, 'Provided Arn is not in correct format.');
}

/** @param name the name or ARN that the client sent */
export function busNotFound(name: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
}

export function busAlreadyExists(name: string): ServiceError {
  return new ServiceError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
}

export function ruleNotFound(name: string, eventBusName: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${eventBusName}.`);
}

/** The service uses the same text for every quota. */
export function quotaReached(): ServiceError {
  return new ServiceError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
}
