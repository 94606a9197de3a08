import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { formatPageToken } from '../../core/input/page-token.ts';
import type { DeadLetterDescription, DeadLetterFilter } from '../../core/message/dead-letter-description.ts';
import type { DeadLetters } from '../../ports/dead-letters.ts';
import { positionRequestOf, requireOrder, textOf, timeMsOf } from '../input.ts';
import type { Operation } from '../operation.ts';

export interface DeadLetterDependencies {
  readonly deadLetters: DeadLetters;
}

/** The keys are names of operations, as in X-Amz-Target. EventBridge does not have these operations. */
export function createDeadLetterOperations(dependencies: DeadLetterDependencies): Readonly<Record<string, Operation>> {
  return { ListDeadLetters: listDeadLetters(dependencies) };
}

function listDeadLetters({ deadLetters }: DeadLetterDependencies): Operation {
  return async (input) => {
    const filter: DeadLetterFilter = {
      eventId: textOf(input, 'EventId'),
      apiDestination: textOf(input, 'ApiDestinationName'),
      errorCode: textOf(input, 'ErrorCode'),
      afterMs: timeMsOf(input, 'After'),
      beforeMs: timeMsOf(input, 'Before'),
    };
    requireOrder(filter, 'dead letters');
    const binding = ['ListDeadLetters', JSON.stringify(filter)];
    const page = positionRequestOf(input, binding, 'dead letters');
    const { deadLetters: listed, next, readCount, isWhole } = await deadLetters.list(filter, page);
    return withoutUndefined({
      DeadLetters: listed.map(deadLetterOf),
      MessagesRead: readCount,
      Complete: isWhole,
      NextToken: next === undefined ? undefined : formatPageToken(binding, next),
    });
  };
}

/** Times are epoch seconds with milliseconds, as in the history. */
export function deadLetterOf(deadLetter: DeadLetterDescription): JsonObject {
  const { eventId, apiDestination, rule, targetId, source, detailType, traceId } = deadLetter;
  return withoutUndefined({
    EventId: eventId,
    ApiDestinationName: apiDestination,
    Rule: rule,
    TargetId: targetId,
    Source: source,
    DetailType: detailType,
    TraceId: traceId,
    MessageId: deadLetter.messageId,
    DeadLetteredAt: deadLetter.deadLetteredAtMs / 1000,
    ErrorCode: deadLetter.errorCode,
    Code: deadLetter.code,
    ErrorMessage: deadLetter.errorMessage,
    Status: deadLetter.status,
    AttemptsMade: deadLetter.attempts,
    SizeBytes: deadLetter.sizeBytes,
    UnreadableReason: deadLetter.unreadable,
  });
}
