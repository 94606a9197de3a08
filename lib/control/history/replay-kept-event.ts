import type { Delivery } from '../../core/delivery/delivery.ts';
import { namesOf } from '../../core/delivery/delivery-names.ts';
import { selectTarget } from '../../core/delivery/select-target.ts';
import { parseEventsArn } from '../../core/destination/arn.ts';
import { Failure, isUnsendable } from '../../core/failure/failure.ts';
import { ServiceError } from '../../core/failure/service-error.ts';
import { messageGroupOf } from '../../core/message/queued-delivery.ts';
import type { AskedReplay, ReadExtent } from '../../ports/dead-letters.ts';
import type { DeliveryQueue } from '../../ports/delivery.ts';
import type { DeliveryWithRecords } from '../../ports/history.ts';
import type { KeptEvents } from '../../ports/kept-events.ts';
import { severalTargets } from '../refusals.ts';

interface AskedKeptEvent extends AskedReplay {
  /** Where the caller says that the event is kept. */
  readonly keptAt: string | undefined;
}

interface Sources {
  /** The deliveries of the event to the destination; undefined when the stack has no history. */
  readonly found: readonly DeliveryWithRecords[] | undefined;
  readonly keptEvents: KeptEvents | undefined;
  readonly queue: DeliveryQueue;
}

/** Members of the answer. */
interface ReplayedKeptEvent {
  readonly EventId: string;
  readonly ApiDestinationName: string;
  readonly Rule: string | undefined;
  readonly TargetId: string | undefined;
  readonly KeptAt: string;
}

/**
 * Sends the kept event of a delivery without a dead letter to the delivery queue.
 *
 * @param extent how much of the dead letters was read before
 * @throws ServiceError that says why there is nothing to replay, and what to do
 */
export async function replayKeptEvent(
  asked: AskedKeptEvent,
  extent: ReadExtent,
  { found, keptEvents, queue }: Sources,
): Promise<ReplayedKeptEvent> {
  if (asked.keptAt !== undefined) {
    const delivery = await keptDelivery(asked, asked.keptAt, keptEvents);
    requireEnded(found, delivery);
    return await sendKept(asked, asked.keptAt, delivery, queue);
  }
  const known = found === undefined ? undefined : selected(found, asked, extent);
  if (known?.last.outcome !== 'delivered') throw withoutDeadLetter(extent, known);
  if (known.keptAt === undefined) {
    const text = `It was delivered at ${timeOf(known.last.concludedAtMs)}, and its event is not kept. ${sendAgain}`;
    throw notReplayed('ResourceNotFoundException', text);
  }
  return await sendKept(asked, known.keptAt, await keptDelivery(asked, known.keptAt, keptEvents), queue);
}

async function sendKept(
  { eventId, apiDestination }: AskedReplay,
  keptAt: string,
  delivery: Delivery,
  queue: DeliveryQueue,
): Promise<ReplayedKeptEvent> {
  try {
    await queue.send({ delivery }, messageGroupOf(delivery.apiDestination));
  } catch (error) {
    if (!isUnsendable(error)) throw error;
    throw notReplayed(
      'ValidationException',
      `The kept event cannot be delivered again. ${error.code}: ${error.message}`,
    );
  }
  const { rule: Rule, targetId: TargetId } = namesOf(delivery);
  return { EventId: eventId, ApiDestinationName: apiDestination, Rule, TargetId, KeptAt: keptAt };
}

/**
 * Reads the kept event, and checks that it is the delivery that was asked for: a caller may name any location.
 *
 * @throws ServiceError
 */
async function keptDelivery(asked: AskedReplay, keptAt: string, keptEvents: KeptEvents | undefined): Promise<Delivery> {
  if (keptEvents === undefined) {
    const text = `This stack keeps no events. Deploy it with the parameter keepEventsDays to replay later events. ${sendAgain}`;
    throw notReplayed('ValidationException', text);
  }
  const delivery = await keptEvents.read(keptAt).catch((error: unknown) => {
    if (!(error instanceof Failure) || !damages.has(error.code)) throw error;
    throw notReplayed('ValidationException', `The kept event cannot be read. ${error.code}: ${error.message}`);
  });
  if (delivery === undefined) {
    const text = `Nothing is kept at '${keptAt}'. A kept event is deleted when its time is over. ${sendAgain}`;
    throw notReplayed('ResourceNotFoundException', text);
  }
  if (!isAsked(delivery, asked)) {
    const text = `The event that is kept at '${keptAt}' is of another delivery. GetDelivery shows the KeptAt of each delivery.`;
    throw notReplayed('ValidationException', text);
  }
  return delivery;
}

const damages: ReadonlySet<string> = new Set(['InvalidJson', 'InvalidDelivery', 'NewerVersion']);

function isAsked(delivery: Delivery, { eventId, apiDestination, ...target }: AskedReplay): boolean {
  const { eventId: id, rule, targetId } = namesOf(delivery);
  const name = parseEventsArn(delivery.apiDestination)?.name ?? delivery.apiDestination;
  return id === eventId && name === apiDestination && selectTarget([{ rule, targetId }], target).kind === 'one';
}

/** @throws ServiceError when the history says that the delivery still waits */
function requireEnded(found: readonly DeliveryWithRecords[] | undefined, delivery: Delivery): void {
  const { rule, targetId } = namesOf(delivery);
  const known = found?.find((each) => each.rule === rule && each.targetId === targetId);
  if (known !== undefined && !hasEnded(known)) throw stillAttempted(known);
}

function hasEnded({ last: { outcome } }: DeliveryWithRecords): boolean {
  return outcome === 'delivered' || outcome === 'dead-lettered';
}

/** @throws ServiceError when the history has no such delivery, or several */
function selected(
  found: readonly DeliveryWithRecords[],
  asked: AskedReplay,
  { readCount, isWhole }: ReadExtent,
): DeliveryWithRecords {
  const selection = selectTarget(found, asked);
  if (selection.kind === 'one') return selection.item;
  if (selection.kind === 'several') throw severalTargets('replay', selection.items);
  if (!isWhole) throw notAllRead(readCount);
  const text = `${noneOf(readCount)} The history has no such delivery either. ListDeliveries with EventId shows where the event went.`;
  throw notReplayed('ResourceNotFoundException', text);
}

const sendAgain = 'Send the event again with PutEvents.';
const hidden =
  'If another ListDeadLetters, ReplayDelivery or redrive reads the queue now, it may hide the dead letter for up to 90 seconds: try again then.';

function noneOf(readCount: number): string {
  return `None of the ${readCount} dead letters that were read is of this delivery.`;
}

/** @param known what the history says; undefined when the stack has none */
function withoutDeadLetter({ readCount, isWhole }: ReadExtent, known: DeliveryWithRecords | undefined): ServiceError {
  const none = noneOf(readCount);
  if (known !== undefined && !hasEnded(known)) return stillAttempted(known);
  if (!isWhole) return notAllRead(readCount);
  const kept =
    known === undefined
      ? 'If its line in the log has the member kept, call ReplayDelivery with this text as KeptAt.'
      : known.keptAt !== undefined &&
        `If nobody else is moving it now, call ReplayDelivery with KeptAt '${known.keptAt}'.`;
  const text =
    known === undefined
      ? 'If it was delivered or is still attempted, it has no dead letter.'
      : `It became a dead letter at ${timeOf(known.last.concludedAtMs)}. Somebody has moved or deleted it, or it is in a dead-letter queue of its target.`;
  const wayOut = kept === false ? `Otherwise: ${sendAgain}` : kept;
  return notReplayed('ResourceNotFoundException', `${none} ${text} ${hidden} ${wayOut}`);
}

function notAllRead(readCount: number): ServiceError {
  const text = `${noneOf(readCount)} The queue has more than one call can read. Move them with a redrive of this API destination.`;
  return notReplayed('LimitExceededException', text);
}

function stillAttempted({ last: { outcome, nextAttemptAtMs } }: DeliveryWithRecords): ServiceError {
  const when = nextAttemptAtMs === undefined ? '' : `, at ${timeOf(nextAttemptAtMs)} or later`;
  const text = `It has not ended: its outcome is '${outcome}', so it is attempted again without a replay${when}.`;
  return notReplayed('ValidationException', text);
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

export function notReplayed(code: ServiceError['code'], text: string): ServiceError {
  return new ServiceError(code, `Failed to replay the delivery. ${text}`);
}
