import type { DeadLetter } from '../../core/message/dead-letter-message.ts';
import { formatDeadLetter } from '../../core/message/dead-letter-message.ts';
import { messageGroupOf } from '../../core/message/queued-delivery.ts';
import type { DeadLetterQueue } from '../../ports/delivery.ts';
import { createSqsSender } from './batches.ts';
import type { QueueCalls } from './queue-calls.ts';

/**
 * Time limit of a send to a target's queue. Settling may take 5 s, and after this time the dead letter goes to the stack's own
 * queue, which may take nearly 4 s.
 */
const defaultTargetTimeoutMs = 1000;

/**
 * After this many redrives, a dead letter no longer goes to its target's queue. Only queues that form a loop redrive it more
 * often.
 */
const maxRedrives = 3;

/** The stack's own queues. */
export interface OwnQueues {
  readonly deadLettersUrl: string;
  readonly deliveriesUrl: string;
}

/**
 * Sends a dead letter to the dead-letter queue that the delivery's target names, or else to the stack's own dead-letter queue.
 * The message group is that of the delivery, so a dead letter that SQS moves back is in the group of its destination.
 *
 * Failure policy: if a target's queue cannot be reached, refuses the message, is too slow or is in another region, the dead
 * letter goes to the stack's own dead-letter queue. If the target's queue has nevertheless accepted it, both queues have it. A
 * dead letter in a delivery queue would be delivered again for ever. So a dead letter never goes to the stack's delivery queue.
 * The target's queue may also be the delivery queue of another stack, and then a dead letter may come back again and again.
 * After the third time it goes to the stack's own dead-letter queue.
 *
 * @param targetTimeoutMs limit of a send to a target's queue
 */
export function createSqsDeadLetterQueue(
  calls: QueueCalls,
  { deadLettersUrl, deliveriesUrl }: OwnQueues,
  targetTimeoutMs = defaultTargetTimeoutMs,
): DeadLetterQueue {
  const sendToOwn = createSqsSender(calls, deadLettersUrl);
  const senders = new Map<string, ReturnType<typeof createSqsSender>>();

  function senderFor(targetUrl: string): ReturnType<typeof createSqsSender> {
    const sender = senders.get(targetUrl) ?? createSqsSender(calls, targetUrl, targetTimeoutMs);
    if (senders.size < maxSenders) senders.set(targetUrl, sender);
    return sender;
  }

  /** @returns `url`: the target's queue; `loop`: why it must not be used; neither: the target names no queue that can be used */
  async function targetOf({ delivery }: DeadLetter): Promise<{ readonly url?: string; readonly loop?: string }> {
    const arn = delivery?.target.DeadLetterConfig?.Arn;
    const url = arn === undefined ? undefined : queueUrlOf(arn, deadLettersUrl, await calls.region());
    if (url === undefined || isSameQueue(url, deadLettersUrl)) return {};
    if (isSameQueue(url, deliveriesUrl)) return { loop: 'target.DeadLetterConfig names the delivery queue.' };
    const redrives = delivery?.redrives ?? 0;
    if (redrives < maxRedrives) return { url };
    return {
      loop: `The event came back ${redrives} times from the dead letters, so target.DeadLetterConfig is ignored.`,
    };
  }

  return {
    async send(deadLetter) {
      const { url, loop } = await targetOf(deadLetter);
      const { delivery, reason } = deadLetter;
      const message = formatDeadLetter(
        loop === undefined ? deadLetter : { ...deadLetter, reason: `${reason} ${loop}` },
      );
      const options = delivery === undefined ? {} : { group: messageGroupOf(delivery.apiDestination) };
      if (url === undefined) return sendToOwn(message, options);
      await senderFor(url)(message, options).catch(() => sendToOwn(message, options));
    },
  };
}

/** The number of target queues whose senders are kept; more than an account will have. */
const maxSenders = 1000;

/** @returns the URL of the queue, on the host of our own queue; undefined for another region or a malformed ARN */
function queueUrlOf(arn: string, besideUrl: string, ownRegion: string): string | undefined {
  const [, region, account, name] =
    /^arn:aws[a-z-]*:sqs:([a-z0-9-]+):([0-9]{12}):([-_A-Za-z0-9]{1,80})$/.exec(arn) ?? [];
  if (region !== ownRegion || account === undefined || name === undefined) return undefined;
  return new URL(`/${account}/${name}`, besideUrl).href;
}

/** Compares only account and name, because both queues are in the stack's region. */
function isSameQueue(oneUrl: string, otherUrl: string): boolean {
  return new URL(oneUrl).pathname === new URL(otherUrl).pathname;
}
