import type { SQSClient } from '@aws-sdk/client-sqs';
import { formatDeadLetter } from '../../core/message/dead-letter-message.ts';
import type { DeadLetterQueue } from '../../ports/delivery.ts';
import { createSqsSender } from './batches.ts';

/** Of the 5 s that are kept for settling, the stack's own queue needs nearly four when it does not answer either. */
const defaultTargetTimeoutMs = 1000;

/**
 * The dead-letter queue that a delivery's target names, else the stack's own.
 *
 * Failure policy: a target's queue that cannot be reached, refuses, takes its time, or lies in another region is no reason to
 * keep the event: it goes to the stack's own queue, where somebody looks. If the first has it all the same, both have.
 *
 * @param targetTimeoutMs of a send to a target's queue
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

/** Queues whose sends are batched; more than an account has targets with queues of their own. */
const maxSenders = 1000;

/** @returns the queue's URL beside one of ours; undefined for another region than ours and for no ARN of a queue */
function queueUrlOf(arn: string, besideUrl: string, ownRegion: string): string | undefined {
  const [, region, account, name] =
    /^arn:aws[a-z-]*:sqs:([a-z0-9-]+):([0-9]{12}):([-_A-Za-z0-9]{1,80})$/.exec(arn) ?? [];
  if (region !== ownRegion || account === undefined || name === undefined) return undefined;
  return new URL(`/${account}/${name}`, besideUrl).href;
}
