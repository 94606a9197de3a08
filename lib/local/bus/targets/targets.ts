import { Failure } from '../../../core/failure/failure.ts';
import type { JsonObject } from '../../../core/input/json.ts';
import { parseJson } from '../../../core/input/json.ts';
import type { QueueMessage } from '../../../core/message/queue-message.ts';
import { messageGroupOf } from '../../../core/message/queued-delivery.ts';
import { escapeForSqs } from '../../../core/message/raw-message.ts';
import type { SqsMembers } from '../../sqs/fauxqs.ts';
import { printable } from '../../terminal-text.ts';
import { Refusal } from '../../stack/wire.ts';
import type { AcceptedEvent, StoredDispatch } from '../store/event-store.ts';
import type { RuleTarget } from '../store/model.ts';
import type { DeliveryNames } from '../../../core/delivery/delivery-names.ts';
import { type TargetKind, targetKindOf } from './arn.ts';
import { targetInput } from './input.ts';
import { deliverPayload, deliveryMessage, deliveryTarget, namesOfDispatch, namesOfInput } from './api-destination.ts';
import { createUndeliverable, type Undeliverable } from './undeliverable.ts';

export interface TargetsOptions {
  readonly account: string;
  /** The name of the delivery queue, which `deliver-queued` reads. */
  readonly deliveryQueue: string;
  /** The name of the ordered queue, which `deliver-queued` reads too. */
  readonly orderedQueue: string;
  /** Physical name of the function `deliver`. */
  readonly deliverFunction: string;
  /** Sends a message; rejects with a Refusal when the queue refuses it. */
  readonly sendMessage: (region: string, queueName: string, message: QueueMessage, more?: SqsMembers) => Promise<void>;
  /** Accepts an asynchronous invocation; returns false when the function does not exist. */
  readonly invoke: (region: string, physicalName: string, payload: string, traceHeader?: string) => boolean;
  /** Reports a delivery that is in the delivery queue or an input of `deliver` now. */
  readonly reportQueued: (region: string, delivery: DeliveryNames) => void;
  /** The API destination of every event that `deliver` receives; undefined when its input is an envelope. */
  readonly ownDestination: string | undefined;
  readonly writeLine: (text: string) => void;
  readonly report: (text: string) => void;
  readonly nowMs: () => number;
}

/** Undefined when the target has accepted the event. */
type DispatchResult = Undeliverable | undefined;

/** Maximum payload of an asynchronous invocation. Source: the Lambda developer guide, quotas. */
const maxPayloadBytes = 1_048_576;

/** How many characters of an event for a log group are shown. A whole order fits, but one event does not fill the terminal. */
const maxLogCharacters = 1000;

/**
 * Sends one event to one target in this stack. Rejects when the target cannot be reached now.
 *
 * Failure policy: when the target's input cannot be made from the event, nothing is delivered, not even to a dead-letter queue,
 * as in EventBridge; the stack reports it. For an API destination, the worker makes the input. If the worker cannot make it, the
 * event becomes a dead letter.
 */
export function createTargets(options: TargetsOptions): (dispatch: StoredDispatch) => Promise<void> {
  const { account, sendMessage, report } = options;
  const giveUp = createUndeliverable({ account, send: sendMessage, report });
  return async (dispatch) => {
    const target = JSON.parse(dispatch.target) as RuleTarget;
    try {
      const undeliverable = await sendToTarget(options, dispatch, target);
      if (undeliverable !== undefined) await giveUp(dispatch, target, undeliverable);
    } catch (error) {
      if (error instanceof Failure) report(inputLine(dispatch, target, error));
      else if (error instanceof Refusal) await giveUp(dispatch, target, refusedBy(error));
      else throw error;
    }
  };
}

async function sendToTarget(
  options: TargetsOptions,
  dispatch: StoredDispatch,
  target: RuleTarget,
): Promise<DispatchResult> {
  const { region, text, acceptedAtMs } = dispatch.event;
  const to = targetKindOf(target.Arn, region, options.account);
  if (to === undefined) {
    return { code: 'NO_RESOURCE', reason: `The local stack cannot deliver to ${target.Arn}.`, once: true };
  }
  if (to.kind === 'api-destination') return toApiDestination(options, dispatch, target);
  const event = { value: JSON.parse(text) as JsonObject, text };
  const source = { event, rule: dispatch.ruleArn, firstReceivedAtMs: acceptedAtMs };
  return toPlainTarget(options, dispatch, { target, to, input: targetInput(deliveryTarget(target), source) });
}

async function toApiDestination(
  { deliveryQueue, deliverFunction, sendMessage, invoke, reportQueued }: TargetsOptions,
  dispatch: StoredDispatch,
  target: RuleTarget,
): Promise<DispatchResult> {
  const { region } = dispatch.event;
  const message = deliveryMessage(dispatch, target);
  if (message !== undefined) {
    await sendMessage(region, deliveryQueue, message, { MessageGroupId: messageGroupOf(target.Arn) });
  } else if (!invoke(region, deliverFunction, deliverPayload(dispatch, target))) {
    return tooLarge;
  }
  reportQueued(region, namesOfDispatch(dispatch, target));
  return undefined;
}

const tooLarge: Undeliverable = {
  code: 'INVALID_PARAMETER',
  reason: 'The event is too large for a message, even when compressed.',
};

/** The targets of a deployed rule are the delivery queue, the ordered queue and `deliver`, which take envelopes. */
function reportEnvelope(options: TargetsOptions, region: string, input: string): void {
  const names = namesOfInput(input, options.ownDestination, options.nowMs());
  if (names !== undefined) options.reportQueued(region, names);
}

interface PlainTarget {
  readonly target: RuleTarget;
  readonly to: Exclude<TargetKind, { readonly kind: 'api-destination' }>;
  /** One JSON text, or several on separate lines. */
  readonly input: string;
}

async function toPlainTarget(
  options: TargetsOptions,
  { event }: StoredDispatch,
  { target, to, input }: PlainTarget,
): Promise<DispatchResult> {
  const { id, region } = event;
  switch (to.kind) {
    case 'queue': {
      const parameters = target['SqsParameters'] as SqsMembers | undefined;
      const group = parameters?.['MessageGroupId'];
      const more = group === undefined ? {} : { MessageGroupId: group };
      await options.sendMessage(
        region,
        to.name,
        { body: escapeForSqs(input), attributes: {}, ...traceOf(event) },
        more,
      );
      if ([options.deliveryQueue, options.orderedQueue].includes(to.name)) reportEnvelope(options, region, input);
      return undefined;
    }
    case 'function':
      return toFunction(options, event, to.physicalName, input);
    case 'log-group': {
      const time = new Date(options.nowMs()).toISOString().slice(11, 23);
      options.writeLine(`${time}  logged  ${to.name}  event ${printable(id)}  ${printable(input, maxLogCharacters)}`);
      return undefined;
    }
  }
}

function toFunction(
  options: TargetsOptions,
  { region, traceHeader }: Pick<AcceptedEvent, 'region' | 'traceHeader'>,
  physicalName: string,
  input: string,
): DispatchResult {
  if (parseJson(input) === undefined) return { code: 'INVALID_JSON', reason: 'The input of a function must be JSON.' };
  if (Buffer.byteLength(input) > maxPayloadBytes) {
    return { code: 'INVALID_PARAMETER', reason: `The input of a function must be at most ${maxPayloadBytes} bytes.` };
  }
  if (options.invoke(region, physicalName, input, traceHeader)) {
    if (physicalName === options.deliverFunction) reportEnvelope(options, region, input);
    return undefined;
  }
  return { code: 'NO_RESOURCE', reason: `The local stack has no function ${physicalName}.`, once: true };
}

/** EventBridge passes the X-Ray header on to queues, also to dead-letter queues. Source: EventBridge user guide, AWS X-Ray. */
function traceOf({ traceHeader }: AcceptedEvent): Pick<QueueMessage, 'traceHeader'> {
  return traceHeader === undefined ? {} : { traceHeader };
}

function refusedBy({ code, message }: Refusal): Undeliverable {
  const isGone = code === 'QueueDoesNotExist';
  return { code: isGone ? 'NO_RESOURCE' : 'INVALID_PARAMETER', reason: message };
}

function inputLine({ event, ruleArn }: StoredDispatch, target: RuleTarget, failure: Failure): string {
  const where = `${printable(ruleArn)} target ${printable(target.Id)}`;
  return `${where}: ${printable(failure.message)} Event ${printable(event.id)} is not delivered to this target.`;
}
