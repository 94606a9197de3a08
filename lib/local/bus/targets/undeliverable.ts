import { fitted } from '../../../core/message/queue-message.ts';
import type { QueueMessage } from '../../../core/message/queue-message.ts';
import { escapeForSqs } from '../../../core/message/raw-message.ts';
import { printable } from '../../terminal-text.ts';
import type { StoredDispatch } from '../store/event-store.ts';
import type { RuleTarget } from '../store/model.ts';
import { targetKindOf } from './arn.ts';

/** Why a target did not get an event. Source of the codes: EventBridge user guide, dead-letter queues. */
export interface Undeliverable {
  readonly code: 'NO_RESOURCE' | 'INVALID_JSON' | 'INVALID_PARAMETER';
  readonly reason: string;
  /** Report this once per target, not for every event. */
  readonly once?: boolean;
}

export interface UndeliverableOptions {
  readonly account: string;
  /** Rejects when the queue refuses the message. */
  readonly send: (region: string, queueName: string, message: QueueMessage) => Promise<void>;
  readonly report: (text: string) => void;
}

/** How many reported targets are remembered, so that each is reported once. An account has fewer targets. */
const maxReported = 10_000;

/**
 * Handles an event that cannot be delivered to a target: it sends the event to the target's dead-letter queue, if there is
 * one, and reports the failure.
 *
 * Failure policy: when the dead-letter queue refuses the event, the event is dropped, as EventBridge does. Each such
 * event is reported.
 */
export function createUndeliverable(
  options: UndeliverableOptions,
): (dispatch: StoredDispatch, target: RuleTarget, why: Undeliverable) => Promise<void> {
  const { account, send, report } = options;
  const reported = new Set<string>();

  function reportOnce(key: string, text: string): void {
    if (reported.has(key)) return;
    if (reported.size < maxReported) reported.add(key);
    report(text);
  }

  return async (dispatch, target, why) => {
    const { event, ruleArn } = dispatch;
    const queue = deadLetterQueueOf(target, event.region, account);
    const where = `${printable(ruleArn)} target ${printable(target.Id)}`;
    const kept = queue === undefined ? 'dropped' : `sent to its dead-letter queue ${queue}`;
    if (why.once === true) {
      reportOnce(`${ruleArn} ${target.Id} ${target.Arn}`, `${where}: ${printable(why.reason)} Its events are ${kept}.`);
    } else {
      report(`${where}: ${printable(why.reason)} Event ${printable(event.id)} is ${kept}.`);
    }
    if (queue === undefined) return;
    const message = deadLetter(dispatch, target, why);
    try {
      if (message === undefined) throw new RangeError('The dead letter is too large for a message.');
      await send(event.region, queue, message);
    } catch {
      report(`${where}: its dead-letter queue ${queue} refused event ${printable(event.id)}; the event is dropped.`);
    }
  };
}

function deadLetterQueueOf(target: RuleTarget, region: string, account: string): string | undefined {
  const config = target['DeadLetterConfig'] as { readonly Arn?: string } | undefined;
  const kind = config?.Arn === undefined ? undefined : targetKindOf(config.Arn, region, account);
  return kind?.kind === 'queue' ? kind.name : undefined;
}

/** A dead letter in EventBridge's form; undefined when the event is too large for a message. */
function deadLetter(
  { event, ruleArn }: StoredDispatch,
  { Arn }: RuleTarget,
  { code, reason }: Undeliverable,
): QueueMessage | undefined {
  const attributes = {
    RULE_ARN: ruleArn,
    TARGET_ARN: escapeForSqs(Arn),
    ERROR_CODE: code,
    ERROR_MESSAGE: escapeForSqs(reason),
    RETRY_ATTEMPTS: '0',
  };
  const { text, traceHeader } = event;
  return fitted({ body: escapeForSqs(text), attributes, ...(traceHeader !== undefined && { traceHeader }) });
}
