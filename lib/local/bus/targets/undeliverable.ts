import { fitted } from '../../../core/message/queue-message.ts';
import type { QueueMessage } from '../../../core/message/queue-message.ts';
import { escapeForSqs } from '../../../core/message/raw-message.ts';
import { printable } from '../../lambda/readable-logs.ts';
import type { StoredDispatch } from '../store/event-store.ts';
import type { RuleTarget } from '../store/model.ts';
import { targetKindOf } from './arn.ts';

/** Why a target did not get an event. Source of the codes: EventBridge user guide, dead-letter queues. */
export interface Undeliverable {
  readonly code: 'NO_RESOURCE' | 'INVALID_JSON' | 'INVALID_PARAMETER';
  readonly reason: string;
  /** Said once for a rule's target, however many events there are. */
  readonly once?: boolean;
}

export interface UndeliverableOptions {
  readonly account: string;
  /** Rejects when the queue does not take it. */
  readonly send: (region: string, queueName: string, message: QueueMessage) => Promise<void>;
  readonly report: (text: string) => void;
}

/** Targets of which something was said once; more than an account has of them. */
const maxSaid = 10_000;

/**
 * What becomes of an event that a target cannot get: the target's own dead-letter queue if it has one, and a line.
 *
 * Failure policy: a dead-letter queue that does not take the event is no reason to keep it: EventBridge drops it too. It is
 * said of each such event.
 */
export function createUndeliverable(
  options: UndeliverableOptions,
): (dispatch: StoredDispatch, target: RuleTarget, why: Undeliverable) => Promise<void> {
  const { account, send, report } = options;
  const said = new Set<string>();

  function sayOnce(key: string, text: string): void {
    if (said.has(key)) return;
    if (said.size < maxSaid) said.add(key);
    report(text);
  }

  return async (dispatch, target, why) => {
    const { event, ruleArn } = dispatch;
    const queue = deadLetterQueueOf(target, event.region, account);
    const where = `${printable(ruleArn)} target ${printable(target.Id)}`;
    const kept = queue === undefined ? 'dropped' : `sent to its dead-letter queue ${queue}`;
    if (why.once === true) {
      sayOnce(`${ruleArn} ${target.Id} ${target.Arn}`, `${where}: ${printable(why.reason)} Its events are ${kept}.`);
    } else {
      report(`${where}: ${printable(why.reason)} Event ${printable(event.id)} is ${kept}.`);
    }
    if (queue === undefined) return;
    const message = deadLetter(dispatch, target, why);
    try {
      if (message === undefined) throw new RangeError('The dead letter does not fit into a message.');
      await send(event.region, queue, message);
    } catch {
      report(`${where}: the dead-letter queue ${queue} did not take event ${printable(event.id)}, which is dropped.`);
    }
  };
}

function deadLetterQueueOf(target: RuleTarget, region: string, account: string): string | undefined {
  const config = target['DeadLetterConfig'] as { readonly Arn?: string } | undefined;
  const kind = config?.Arn === undefined ? undefined : targetKindOf(config.Arn, region, account);
  return kind?.kind === 'queue' ? kind.name : undefined;
}

/** In EventBridge's form. Undefined: no message can hold it. */
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
  return fitted({ body: escapeForSqs(event.text), attributes });
}
