import { ServiceError } from '../../core/failure/service-error.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { selectTarget } from '../../core/delivery/select-target.ts';
import type { AskedReplay, DeadLetterReplay, ReadExtent } from '../../ports/dead-letters.ts';
import type { DeliveryHistory } from '../../ports/history.ts';
import { requiredTextOf, textOf } from '../input.ts';
import type { Operation } from '../operation.ts';
import { severalTargets } from '../refusals.ts';
import type { DeadLetterDependencies } from './dead-letter-operations.ts';
import { deadLetterOf } from './dead-letter-operations.ts';

export interface ReplayDependencies extends DeadLetterDependencies {
  /** Absent in a deployed stack. */
  readonly history?: DeliveryHistory | undefined;
}

/** The key is the name of the operation, as in X-Amz-Target. EventBridge does not have this operation. */
export function createReplayOperation(dependencies: ReplayDependencies): Readonly<Record<string, Operation>> {
  return { ReplayDelivery: replayDelivery(dependencies) };
}

function replayDelivery({ deadLetters, history }: ReplayDependencies): Operation {
  return async (input, { region }) => {
    const asked: AskedReplay = {
      eventId: requiredTextOf(input, 'EventId'),
      apiDestination: requiredTextOf(input, 'ApiDestinationName'),
      rule: textOf(input, 'Rule'),
      targetId: textOf(input, 'TargetId'),
    };
    const replay = await (await deadLetters()).replay(asked);
    if (replay.kind === 'none') throw await notInDeadLetters(asked, replay, region, history);
    return answerOf(replay);
  };
}

/** @throws ServiceError ValidationException when nothing was moved */
function answerOf(replay: Exclude<DeadLetterReplay, { kind: 'none' }>): JsonObject {
  switch (replay.kind) {
    case 'moved':
      return {
        ReplayedFrom: 'DEAD_LETTER',
        DeadLetter: deadLetterOf(replay.deadLetter),
        OtherDeadLetters: replay.others,
        DeadLetterRemains: replay.remains,
      };
    case 'several':
      throw severalTargets('replay', replay.targets);
    case 'unreadable': {
      const { messageId, unreadable } = replay.deadLetter;
      const text = `Its dead letter, the message '${messageId}', cannot be delivered again. ${unreadable ?? ''}`;
      throw notReplayed('ValidationException', text.trim());
    }
  }
}

const sendAgain = 'Send the event again with PutEvents.';
const hidden =
  'If another ListDeadLetters, ReplayDelivery or redrive reads the queue now, it may hide the dead letter for up to 90 seconds: try again then.';

/** Says why there is nothing to replay, as far as the history knows it, and what to do. */
async function notInDeadLetters(
  asked: AskedReplay,
  { readCount, isWhole }: ReadExtent,
  region: string,
  history: DeliveryHistory | undefined,
): Promise<ServiceError> {
  const none = `None of the ${readCount} dead letters that were read is of this delivery.`;
  if (!isWhole) {
    const text = `${none} The queue has more than one call can read. Move them with a redrive of this API destination.`;
    return notReplayed('LimitExceededException', text);
  }
  if (history === undefined) {
    const text = `${none} If it was delivered or is still attempted, it has no dead letter. ${hidden} Otherwise: ${sendAgain}`;
    return notReplayed('ResourceNotFoundException', text);
  }
  const found = await history.get(region, asked.eventId, asked.apiDestination);
  const selection = selectTarget(found, asked);
  if (selection.kind === 'several') return severalTargets('replay', selection.items);
  if (selection.kind === 'none') {
    const text = `${none} The history has no such delivery either. ListDeliveries with EventId shows where the event went.`;
    return notReplayed('ResourceNotFoundException', text);
  }
  const { outcome, concludedAtMs, nextAttemptAtMs } = selection.item.last;
  if (outcome === 'delivered') {
    const text = `It was delivered at ${timeOf(concludedAtMs)}, and the text of its event is not kept. ${sendAgain}`;
    return notReplayed('ResourceNotFoundException', text);
  }
  if (outcome === 'dead-lettered') {
    const elsewhere = `It became a dead letter at ${timeOf(concludedAtMs)}. Somebody has moved or deleted it, or it is in a dead-letter queue of its target.`;
    return notReplayed('ResourceNotFoundException', `${none} ${elsewhere} ${hidden} Otherwise: ${sendAgain}`);
  }
  const when = nextAttemptAtMs === undefined ? '' : `, at ${timeOf(nextAttemptAtMs)} or later`;
  const text = `It has not ended: its outcome is '${outcome}', so it is attempted again without a replay${when}.`;
  return notReplayed('ValidationException', text);
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function notReplayed(code: ServiceError['code'], text: string): ServiceError {
  return new ServiceError(code, `Failed to replay the delivery. ${text}`);
}
