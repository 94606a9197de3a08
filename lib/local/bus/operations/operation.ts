import { ServiceError } from '../../../core/failure/service-error.ts';
import type { JsonObject } from '../../../core/input/json.ts';
import type { BusStore } from '../store/store.ts';

/** Who calls, and where. */
export interface BusCaller {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

/**
 * One operation of the local bus, behind the first stage of validation: its input has the types, patterns, lengths and enums
 * of the service model, no null and no unknown member.
 *
 * @returns the members of the answer; times are epoch seconds
 * @throws ServiceError what the client is told
 */
export type BusOperation = (input: JsonObject, caller: BusCaller) => JsonObject;

export interface BusDependencies {
  readonly store: BusStore;
  readonly nowMs: () => number;
}

/*
 * Source of the texts: recorded answers of the service, and reports of its users where none is recorded. Those marked as
 * ours nobody has recorded.
 */

export function invalid(text: string): ServiceError {
  return new ServiceError('ValidationException', text);
}

/** @param reason ours, where the service gives another or none */
export function invalidParameter(parameter: string, reason?: string): ServiceError {
  return invalid(`Parameter ${parameter} is not valid.${reason === undefined ? '' : ` Reason: ${reason}`}`);
}

export function invalidArn(arn: string): ServiceError {
  return invalidParameter(arn, 'Provided Arn is not in correct format.');
}

/** @param name or ARN, as the client wrote it */
export function busNotFound(name: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
}

export function busAlreadyExists(name: string): ServiceError {
  return new ServiceError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
}

export function ruleNotFound(name: string, eventBusName: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${eventBusName}.`);
}

/** Whatever the quota is of. */
export function quotaReached(): ServiceError {
  return new ServiceError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
}
