import type { SQSClient } from '@aws-sdk/client-sqs';
import { formatDeadLetter } from '../../core/message/dead-letter-message.ts';
import type { DeadLetterQueue } from '../../ports/delivery.ts';
import { createSqsSender } from './batches.ts';

/** Settling may take 5 s. After this time the stack's own queue is asked instead, and that may take nearly 4 s. */
const defaultTargetTimeoutMs = 1000;

/**
 * Sends to the dead-letter queue that a delivery's target names, or else to the stack's own.
 *
 * Failure policy: if a target's queue cannot be reached, refuses, is too slow or is in another region, the dead letter goes to
 * the stack's own queue. If the target's queue has accepted it after all, both queues have it.
 *
 * @param targetTimeoutMs limit of a send to a target's queue
 */
export function createSqsDeadLetterQueue(
  sqs: SQSClient,
  queueUrl: string,
  targetTimeoutMs = defaultTargetTimeoutMs,
): DeadLetterQueue {
  const sendToOwn = createSqsSender(sqs, queueUrl);
  const senders = new Map<string, ReturnType<typeof createSqsSender>>();

  function senderFor(targetUrl: string): ReturnType<typeof createSqsSender> {
    const sender = senders.get(targetUrl) ?? createSqsSender(sqs, targetUrl, targetTimeoutMs);
    if (senders.size < maxSenders) senders.set(targetUrl, sender);
    return sender;
  }

  return {
    async send(deadLetter) {
      const message = formatDeadLetter(deadLetter);
      const arn = deadLetter.delivery?.target.DeadLetterConfig?.Arn;
      const targetUrl = arn === undefined ? undefined : queueUrlOf(arn, queueUrl, await sqs.config.region());
      if (targetUrl === undefined || targetUrl === queueUrl) return sendToOwn(message);
      await senderFor(targetUrl)(message).catch(() => sendToOwn(message));
    },
  };
}

/** Number of target queues whose sends are batched; more than an account will have. */
const maxSenders = 1000;

/** @returns the URL of the queue, on the host of our own queue; undefined for another region or a malformed ARN */
function queueUrlOf(arn: string, besideUrl: string, ownRegion: string): string | undefined {
  const [, region, account, name] =
    /^arn:aws[a-z-]*:sqs:([a-z0-9-]+):([0-9]{12}):([-_A-Za-z0-9]{1,80})$/.exec(arn) ?? [];
  if (region !== ownRegion || account === undefined || name === undefined) return undefined;
  return new URL(`/${account}/${name}`, besideUrl).href;
}
