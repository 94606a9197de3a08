import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DeadLetter } from '../../core/message/dead-letter-message.ts';
import { formatDeadLetter } from '../../core/message/dead-letter-message.ts';
import { messageGroupOf } from '../../core/message/queued-delivery.ts';
import type { DeadLetterQueue } from '../../ports/delivery.ts';
import { createSqsSender } from './batches.ts';

/** Settling may take 5 s. After this time the dead letter goes to the stack's own queue instead, which may take nearly 4 s. */
const defaultTargetTimeoutMs = 1000;

/** A dead letter that came back this often does not go to its target's queue again. Only a loop brings it back so often. */
const maxRedrives = 3;

/** The stack's own queues. */
export interface OwnQueues {
  readonly deadLettersUrl: string;
  readonly deliveriesUrl: string;
}

/**
 * Sends to the dead-letter queue that a delivery's target names, or else to the stack's own. The message group is that of the
 * delivery, so a dead letter that SQS moves back is in the group of its destination.
 *
 * Failure policy: if a target's queue cannot be reached, refuses, is too slow or is in another region, the dead letter goes to
 * the stack's own queue. If the target's queue has accepted the dead letter after all, both queues have it. A dead letter in a delivery queue
 * would be delivered again for ever, so it never goes to our own, and it goes to the stack's own dead letters when it has come
 * back three times from the queue of its target: that may be the delivery queue of another stack.
 *
 * @param targetTimeoutMs limit of a send to a target's queue
 */
export function createSqsDeadLetterQueue(
  sqs: SQSClient,
  { deadLettersUrl, deliveriesUrl }: OwnQueues,
  targetTimeoutMs = defaultTargetTimeoutMs,
): DeadLetterQueue {
  const sendToOwn = createSqsSender(sqs, deadLettersUrl);
  const senders = new Map<string, ReturnType<typeof createSqsSender>>();

  function senderFor(targetUrl: string): ReturnType<typeof createSqsSender> {
    const sender = senders.get(targetUrl) ?? createSqsSender(sqs, targetUrl, targetTimeoutMs);
    if (senders.size < maxSenders) senders.set(targetUrl, sender);
    return sender;
  }

  /** The queue of the target, and why the dead letter must not go there. */
  async function targetOf({ delivery }: DeadLetter): Promise<{ readonly url?: string; readonly loop?: string }> {
    const arn = delivery?.target.DeadLetterConfig?.Arn;
    const url = arn === undefined ? undefined : queueUrlOf(arn, deadLettersUrl, await sqs.config.region());
    if (url === undefined || isSameQueue(url, deadLettersUrl)) return {};
    if (isSameQueue(url, deliveriesUrl)) return { loop: 'target.DeadLetterConfig names the delivery queue.' };
    const redrives = delivery?.redrives ?? 0;
    if (redrives < maxRedrives) return { url };
    return {
      loop: `The event came back ${redrives} times from the dead letters, so target.DeadLetterConfig does not count.`,
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

/** Whether account and name are the same; both queues are in our region. */
function isSameQueue(oneUrl: string, otherUrl: string): boolean {
  return new URL(oneUrl).pathname === new URL(otherUrl).pathname;
}
