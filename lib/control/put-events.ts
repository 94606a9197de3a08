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
 * Failure policy: an entry that names another bus is refused, and the other entries are sent. On this stack's bus, the entry
 * would reach none of the rules that its sender expects.
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

/** A client may give the bus as a name or as an ARN. If only one side is an ARN, the names are compared. */
function isForBus(entry: JsonObject, eventBusName: string): boolean {
  const asked = textOf(entry, 'EventBusName');
  if (asked === undefined || asked === eventBusName) return true;
  const areBothArns = asked.startsWith('arn:') && eventBusName.startsWith('arn:');
  return !areBothArns && nameOf(asked) === nameOf(eventBusName);
}

function nameOf(nameOrArn: string): string {
  return nameOrArn.replace(/^arn:[^/]*\//, '');
}
