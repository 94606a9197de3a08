import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import type { AskedReplay, DeadLetterReplay, DeadLetters } from '../../ports/dead-letters.ts';
import type { DeliveryQueue } from '../../ports/delivery.ts';
import type { DeliveryHistory } from '../../ports/history.ts';
import type { KeptEvents } from '../../ports/kept-events.ts';
import { requiredTextOf, textOf } from '../input.ts';
import type { Operation } from '../operation.ts';
import { severalTargets } from '../refusals.ts';
import { deadLetterOf } from './dead-letter-operations.ts';
import { notReplayed, replayKeptEvent } from './replay-kept-event.ts';

export interface ReplayDependencies {
  readonly deadLetters: DeadLetters;
  readonly queue: DeliveryQueue;
  /** Absent in a deployed stack. */
  readonly history?: DeliveryHistory | undefined;
  /** Absent when the stack keeps no events. */
  readonly keptEvents?: KeptEvents | undefined;
}

/** The key is the name of the operation, as in X-Amz-Target. EventBridge does not have this operation. */
export function createReplayOperation(dependencies: ReplayDependencies): Readonly<Record<string, Operation>> {
  return { ReplayDelivery: replayDelivery(dependencies) };
}

/**
 * Replays the dead letter of a delivery, or else its kept event.
 *
 * Failure policy: an event may be delivered twice, but is never lost. A delivery that has become a dead letter is only replayed from
 * its kept event if the caller names it (`KeptAt`), because another reader may hold the dead letter and deliver it too.
 * A named kept event is also replayed if the dead letter cannot be read; that one stays in the queue.
 */
function replayDelivery({ deadLetters, queue, history, keptEvents }: ReplayDependencies): Operation {
  return async (input, { region }) => {
    const asked: AskedReplay = {
      eventId: requiredTextOf(input, 'EventId'),
      apiDestination: requiredTextOf(input, 'ApiDestinationName'),
      rule: textOf(input, 'Rule'),
      targetId: textOf(input, 'TargetId'),
    };
    const keptAt = textOf(input, 'KeptAt');
    const replay = await deadLetters.replay(asked);
    const isUnread = replay.kind === 'unreadable' && keptAt !== undefined;
    if (replay.kind !== 'none' && !isUnread) return fromDeadLetter(replay);
    const extent = replay.kind === 'none' ? replay : { readCount: 1, isWhole: false };
    const found = await history?.get(region, asked.eventId, asked.apiDestination);
    const kept = await replayKeptEvent({ ...asked, keptAt }, extent, {
      found,
      keptEvents,
      queue,
    });
    return withoutUndefined({ ReplayedFrom: 'KEPT_EVENT', ...kept });
  };
}

/** @throws ServiceError ValidationException when nothing was moved */
function fromDeadLetter(replay: Exclude<DeadLetterReplay, { kind: 'none' }>): JsonObject {
  switch (replay.kind) {
    case 'moved': {
      const { eventId, apiDestination, rule, targetId } = replay.deadLetter;
      return withoutUndefined({
        ReplayedFrom: 'DEAD_LETTER',
        EventId: eventId,
        ApiDestinationName: apiDestination,
        Rule: rule,
        TargetId: targetId,
        DeadLetter: deadLetterOf(replay.deadLetter),
        OtherDeadLetters: replay.others,
        DeadLetterRemains: replay.remains,
      });
    }
    case 'several':
      throw severalTargets('replay', replay.targets);
    case 'unreadable': {
      const { messageId, unreadable } = replay.deadLetter;
      const text = `Its dead letter, the message '${messageId}', cannot be delivered again. ${unreadable ?? ''}`;
      const wayOut = 'If GetDelivery shows where the event is kept, call ReplayDelivery with KeptAt.';
      throw notReplayed('ValidationException', `${text.trim()} ${wayOut}`);
    }
  }
}
