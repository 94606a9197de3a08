import { isUnsendable } from '../../core/failure/failure.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import { selectTarget } from '../../core/delivery/select-target.ts';
import type {
  DeadLetterDescription,
  DeadLetterFilter,
  DescribedDeadLetter,
} from '../../core/message/dead-letter-description.ts';
import { describeDeadLetter } from '../../core/message/dead-letter-description.ts';
import { messageGroupOf } from '../../core/message/queued-delivery.ts';
import type { ReceivedMessage } from '../../core/message/sqs-event.ts';
import type {
  AskedReplay,
  DeadLetterPage,
  DeadLetterReplay,
  DeadLetters,
  ReadExtent,
} from '../../ports/dead-letters.ts';
import type { DeliveryQueue } from '../../ports/delivery.ts';
import type { Deadline } from '../deadline.ts';
import { withDeadline } from '../deadline.ts';
import { HiddenMessages, readQueue, releaseAll } from './read-queue.ts';
import type { RedriveDependencies } from './redrive.ts';

/** A person waits for the answer, and control-api has 30 s. After 10 s of this time, no further message is received. */
const longestReadMs = 15_000;

/** One call has read them in the time above. It keeps a description of each. */
const maxRead = 10_000;

/** An event has a dead letter for each target that failed. With more targets than this, the caller must name one anyway. */
const maxTargets = 100;

/**
 * Lists the dead letters, and moves a single one back to the delivery queue.
 *
 * SQS cannot show a message without receiving it. So all messages are received, which hides them from other readers, and made
 * visible again before the answer. If the process dies in between, SQS makes them visible again at most 45 s after they were
 * received. A redrive or another listing at the same time does not see the hidden messages.
 *
 * Failure policy: a replayed dead letter may be delivered twice, but is never lost. It is deleted only after the delivery queue has
 * accepted its delivery. When that deletion fails, the answer says that the dead letter remains, because the delivery has been
 * replayed and must not be replayed again only to get another answer.
 */
export function createDeadLetters({ deadLetters, queue, clock, apiDestination }: RedriveDependencies): DeadLetters {
  /** Reads the queue, uses what was read, and then makes the messages visible again. */
  async function reading<Result>(
    filter: DeadLetterFilter,
    note: (found: DescribedDeadLetter) => void,
    use: (extent: ReadExtent, hidden: HiddenMessages) => Promise<Result>,
  ): Promise<Result> {
    const hidden = new HiddenMessages();
    const handle = async (_all: unknown, fresh: readonly ReceivedMessage[]): Promise<boolean> => {
      for (const message of fresh) {
        const found = describeDeadLetter(message, filter, { apiDestination, nowMs: clock.nowMs() });
        if (found !== undefined) note(found);
      }
      return true;
    };
    const read = async (deadline: Deadline): Promise<Result> => {
      const isFull = (): boolean => false;
      const options = { deadLetters, clock, deadline, hidden, maxHidden: maxRead, isFull, handle };
      const { failures, isWhole } = await readQueue(options);
      if (failures.length > 0) throw failures[0];
      return use({ readCount: hidden.count, isWhole }, hidden);
    };
    try {
      return await withDeadline(clock, longestReadMs, read);
    } finally {
      await releaseAll(deadLetters, hidden);
    }
  }

  return {
    list(filter, { limit, after }) {
      const position = after === undefined ? first : parsePosition(after);
      const found: DeadLetterDescription[] = [];
      return reading(
        filter,
        ({ description }) => void (isAfter(description, position) && found.push(description)),
        async (extent) => ({ ...extent, ...pageOf(found, limit) }),
      );
    },
    replay(asked) {
      const found = new Map<string, Candidate>();
      return reading(
        { eventId: asked.eventId, apiDestination: asked.apiDestination },
        (letter) => noteCandidate(found, letter),
        (extent, hidden) => replayOne([...found.values()], asked, extent, (letter) => move(letter, hidden)),
      );
    },
  };

  async function move(
    { description, delivery, others }: Replayable,
    hidden: HiddenMessages,
  ): Promise<DeadLetterReplay> {
    try {
      await send(queue, delivery);
    } catch (error) {
      if (!isUnsendable(error)) throw error;
      return { kind: 'unreadable', deadLetter: { ...description, unreadable: `${error.code}: ${error.message}` } };
    }
    const receiptHandle = hidden.remove(description.messageId);
    const remains = await deadLetters.remove([receiptHandle]).then(
      () => false,
      () => true,
    );
    return { kind: 'moved', deadLetter: description, others, remains };
  }
}

function send(queue: DeliveryQueue, delivery: Delivery): Promise<void> {
  return queue.send({ delivery }, messageGroupOf(delivery.apiDestination));
}

/** The latest dead letter of one target. */
interface Candidate extends DescribedDeadLetter {
  readonly rule: string | undefined;
  readonly targetId: string | undefined;
  /** Further dead letters of the target. */
  readonly others: number;
}

interface Replayable extends Candidate {
  readonly delivery: Delivery;
}

/** A dead letter that can be delivered again is preferred to one that cannot, whatever their times. */
function noteCandidate(found: Map<string, Candidate>, letter: DescribedDeadLetter): void {
  const { rule, targetId } = letter.description;
  const key = JSON.stringify([rule, targetId]);
  const known = found.get(key);
  if (known === undefined && found.size >= maxTargets) return;
  const others = known === undefined ? 0 : known.others + 1;
  const latest = known === undefined || isPreferred(letter, known) ? letter : known;
  found.set(key, {
    description: latest.description,
    ...(latest.delivery !== undefined && { delivery: latest.delivery }),
    rule,
    targetId,
    others,
  });
}

function isPreferred(one: DescribedDeadLetter, other: DescribedDeadLetter): boolean {
  if ((one.delivery === undefined) !== (other.delivery === undefined)) return one.delivery !== undefined;
  return isAfter(other.description, positionOf(one.description));
}

async function replayOne(
  candidates: readonly Candidate[],
  asked: AskedReplay,
  extent: ReadExtent,
  move: (letter: Replayable) => Promise<DeadLetterReplay>,
): Promise<DeadLetterReplay> {
  const readable = candidates.filter((each): each is Replayable => each.delivery !== undefined);
  const selected = selectTarget<Candidate>(readable, asked);
  if (selected.kind === 'several') return { kind: 'several', targets: selected.items };
  if (selected.kind === 'one') {
    const { item } = selected;
    return item.delivery === undefined ? { kind: 'none', ...extent } : move({ ...item, delivery: item.delivery });
  }
  const isAsked = ({ targetId }: Candidate): boolean => (targetId ?? asked.targetId) === (asked.targetId ?? targetId);
  const unreadable = candidates.find((each) => each.delivery === undefined && isAsked(each));
  return unreadable === undefined
    ? { kind: 'none', ...extent }
    : { kind: 'unreadable', deadLetter: unreadable.description };
}

/** A place in the list: the latest dead letter comes first. The id decides between those of the same millisecond. */
interface Position {
  readonly ms: number;
  readonly messageId: string;
}

const first: Position = { ms: Number.POSITIVE_INFINITY, messageId: '' };
const end: Position = { ms: Number.NEGATIVE_INFINITY, messageId: '' };

function positionOf({ deadLetteredAtMs: ms, messageId }: DeadLetterDescription): Position {
  return { ms, messageId };
}

function parsePosition(text: string): Position {
  const [, ms, messageId] = /^([0-9]{1,15})-(.+)$/.exec(text) ?? [];
  return ms === undefined || messageId === undefined ? end : { ms: Number(ms), messageId };
}

function isAfter({ deadLetteredAtMs, messageId }: DeadLetterDescription, position: Position): boolean {
  return deadLetteredAtMs === position.ms ? messageId > position.messageId : deadLetteredAtMs < position.ms;
}

function pageOf(found: readonly DeadLetterDescription[], limit: number): Pick<DeadLetterPage, 'deadLetters' | 'next'> {
  const sorted = found.toSorted((one, other) => (isAfter(other, positionOf(one)) ? -1 : 1));
  const deadLetters = sorted.slice(0, limit);
  const last = deadLetters.at(-1);
  if (last === undefined || sorted.length <= limit) return { deadLetters };
  return { deadLetters, next: `${last.deadLetteredAtMs}-${last.messageId}` };
}
