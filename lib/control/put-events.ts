import type { JsonObject } from '../core/input/json.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import type { EventBus } from '../ports/control.ts';
import { objectListOf, textOf } from './input.ts';
import type { Operation } from './operation.ts';

export interface PutEventsDependencies {
  readonly eventBus: EventBus;
  /** Name or ARN of the event bus that clients publish to. */
  readonly eventBusName: string;
}

/**
 * Forwards events to the one event bus that this stack is configured with.
 *
 * Failure policy: each entry is judged by itself. An entry that names another bus is refused and the others are sent. If it
 * were sent to this bus instead, it would reach none of the rules that its sender expects.
 */
export function putEvents({ eventBus, eventBusName }: PutEventsDependencies): Operation {
  return async (input) => {
    if (textOf(input, 'EndpointId') !== undefined) {
      throw new ServiceError(
        'ValidationException',
        'Parameter EndpointId is not valid. Reason: It is not supported. Leave it out.',
      );
    }
    const entries = objectListOf(input, 'Entries') ?? [];
    const accepted = entries.filter((entry) => isForBus(entry, eventBusName));
    const answers = accepted.length === 0 ? [] : await eventBus.put(accepted);
    const answerOf = new Map(accepted.map((entry, index) => [entry, answers[index] ?? unanswered]));
    const results = entries.map((entry) => answerOf.get(entry) ?? otherBus);
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
  };
}

const unanswered: JsonObject = {
  ErrorCode: 'InternalFailure',
  ErrorMessage: 'The event bus returned no result for this entry.',
};

const otherBus: JsonObject = {
  ErrorCode: 'InvalidArgument',
  ErrorMessage:
    'Parameter EventBusName is not valid. Reason: This stack sends events to its own bus only. Leave it out.',
};

/** Compares names unless both are ARNs. */
function isForBus(entry: JsonObject, eventBusName: string): boolean {
  const asked = textOf(entry, 'EventBusName');
  if (asked === undefined || asked === eventBusName) return true;
  const areBothArns = asked.startsWith('arn:') && eventBusName.startsWith('arn:');
  return !areBothArns && nameOf(asked) === nameOf(eventBusName);
}

function nameOf(nameOrArn: string): string {
  return nameOrArn.replace(/^arn:[^/]*\//, '');
}
