import type { EventTarget } from '../core/delivery/select-target.ts';
import { ServiceError } from '../core/failure/service-error.ts';

/** The verb in an error message: `Failed to create ...`. */
export type Verb = 'create' | 'describe' | 'list' | 'update' | 'delete' | 'deauthorize';

/** The resource in an error message. */
export type Kind = 'connection' | 'api-destination';

/** The quota for each kind of resource in one region of an account. Source: EventBridge quotas. */
export const quota = 3000;

/**
 * The form of the message comes from recorded answers of the service. Only the verb `describe` was recorded; the other verbs
 * are our own.
 */
export function notFound(verb: Verb, kind: Kind, name: string): ServiceError {
  const which = kind === 'connection' ? `Connection '${name}'` : `An api-destination '${name}'`;
  return refusal('ResourceNotFoundException', verb, kind, `${which} does not exist.`);
}

export function policyNotFound(kind: Kind, name: string): ServiceError {
  const text =
    kind === 'connection'
      ? `Connection '${name}' has no connection policy.`
      : `Api-destination '${name}' has no delivery policy.`;
  return refusal('ResourceNotFoundException', 'describe', kind, text);
}

/** A connection that was deleted and created again has another ARN, so the old ARN does not exist either. */
export function connectionArnNotFound(verb: Verb, connectionArn: string): ServiceError {
  const text = `Connection '${connectionArn}' does not exist.`;
  return refusal('ResourceNotFoundException', verb, 'api-destination', text);
}

/** Source of the text: measured answers of the service for a connection of another region. */
export function foreignConnectionArn(verb: Verb, connectionArn: string): ServiceError {
  return refusal('ValidationException', verb, 'api-destination', `Invalid ARN: '${connectionArn}'`);
}

export function alreadyExists(kind: Kind, name: string): ServiceError {
  const which = kind === 'connection' ? `Connection '${name}'` : `An api-destination '${name}'`;
  return refusal('ResourceAlreadyExistsException', 'create', kind, `${which} already exists.`);
}

export function quotaReached(kind: Kind): ServiceError {
  return refusal('LimitExceededException', 'create', kind, `The quota of ${quota} ${kind}s has been reached.`);
}

export function concurrentlyModified(verb: Verb, kind: Kind, name: string): ServiceError {
  const which = kind === 'connection' ? `Connection '${name}'` : `Api-destination '${name}'`;
  return refusal('ConcurrentModificationException', verb, kind, `${which} has been modified concurrently. Try again.`);
}

export function invalidFilter(what: string, parameter: string, reason: string): ServiceError {
  const text = `Failed to list the ${what}. Parameter ${parameter} is not valid. Reason: ${reason}`;
  return new ServiceError('ValidationException', text);
}

/** @param targets those of which the caller must name one */
export function severalTargets(verb: 'describe' | 'replay', targets: readonly EventTarget[]): ServiceError {
  const listed = targets.map(({ rule, targetId }) => `Rule '${rule ?? '(none)'}' TargetId '${targetId ?? '(none)'}'`);
  const text = `Failed to ${verb} the delivery. ${targets.length} targets sent this event to this API destination. Give the Rule or TargetId of one: ${listed.join(', ')}.`;
  return new ServiceError('ValidationException', text);
}

/** @param reason must not contain the parameter's value if that may be secret */
export function invalidParameter(verb: Verb, kind: Kind, parameter: string, reason?: string): ServiceError {
  const because = reason === undefined ? '' : ` Reason: ${reason}`;
  return refusal('ValidationException', verb, kind, `Parameter ${parameter} is not valid.${because}`);
}

/** Source of the text: measured answers of the service. It names the credentials that the authorization type needs. */
export function missingBlock(verb: Verb, name: string): ServiceError {
  return refusal(
    'ValidationException',
    verb,
    'connection',
    `Parameter ${name} is not valid. Reason: Missing required field(s)`,
  );
}

function refusal(code: ServiceError['code'], verb: Verb, kind: Kind, text: string): ServiceError {
  return new ServiceError(code, `Failed to ${verb} the ${kind}(s). ${text}`);
}
