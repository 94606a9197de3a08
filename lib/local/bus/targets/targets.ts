import { Failure } from '../../../core/failure/failure.ts';
import type { JsonObject } from '../../../core/input/json.ts';
import { parseJson } from '../../../core/input/json.ts';
import type { QueueMessage } from '../../../core/message/queue-message.ts';
import { escapeForSqs } from '../../../core/message/raw-message.ts';
import type { SqsMembers } from '../../sqs/fauxqs.ts';
import { printable } from '../../lambda/readable-logs.ts';
import { Refusal } from '../../stack/wire.ts';
import type { StoredDispatch } from '../store/event-store.ts';
import type { RuleTarget } from '../store/model.ts';
import { type TargetKind, targetKindOf } from './arn.ts';
import { targetInput } from './input.ts';
import { deliverPayload, deliveryMessage, deliveryTarget } from './api-destination.ts';
import { createUndeliverable, type Undeliverable } from './undeliverable.ts';

export interface TargetsOptions {
  readonly account: string;
  /** The delivery queue, which `deliver-queued` reads. */
  readonly deliveryQueue: string;
  /** Physical name of `deliver`. */
  readonly deliverFunction: string;
  /** Sends a message; rejects with a Refusal when the queue does not take it. */
  readonly sendMessage: (region: string, queueName: string, message: QueueMessage, more?: SqsMembers) => Promise<void>;
  /** Accepts an asynchronous invocation. False: there is no such function. */
  readonly invoke: (region: string, physicalName: string, payload: string) => boolean;
  readonly writeLine: (text: string) => void;
  readonly report: (text: string) => void;
  readonly nowMs: () => number;
}

/** Undefined: the target has taken the event over. */
type Handed = Undeliverable | undefined;

/** What an asynchronous invocation may carry. Source: the Lambda developer guide, quotas. */
const maxPayloadBytes = 1_048_576;

/** What of a log group's event is shown: enough for an order, little enough for a terminal. */
const maxLogCharacters = 1000;

/**
 * Hands one event to one target of this stack; rejects when the target could not be reached for now.
 *
 * Failure policy: where no input can be made of an event nothing is delivered, not to a dead-letter queue either, as
 * EventBridge does; here it is said. Of API destinations the worker judges that, and keeps the event as a dead letter.
 */
export function createTargets(options: TargetsOptions): (dispatch: StoredDispatch) => Promise<void> {
  const { account, sendMessage, report } = options;
  const giveUp = createUndeliverable({ account, send: sendMessage, report });
  return async (dispatch) => {
    const target = JSON.parse(dispatch.target) as RuleTarget;
    try {
      const undeliverable = await hand(options, dispatch, target);
      if (undeliverable !== undefined) await giveUp(dispatch, target, undeliverable);
    } catch (error) {
      if (error instanceof Failure) report(inputLine(dispatch, target, error));
      else if (error instanceof Refusal) await giveUp(dispatch, target, refusedBy(error));
      else throw error;
    }
  };
}

async function hand(options: TargetsOptions, dispatch: StoredDispatch, target: RuleTarget): Promise<Handed> {
  const { region, text, acceptedAtMs } = dispatch.event;
  const to = targetKindOf(target.Arn, region, options.account);
  if (to === undefined) {
    return { code: 'NO_RESOURCE', reason: `${target.Arn} is not deliverable in this local stack.`, once: true };
  }
  if (to.kind === 'api-destination') return toApiDestination(options, dispatch, target);
  const event = { value: JSON.parse(text) as JsonObject, text };
  const source = { event, rule: dispatch.ruleArn, firstReceivedAtMs: acceptedAtMs };
  return toPlainTarget(options, dispatch, { target, to, input: targetInput(deliveryTarget(target), source) });
}

async function toApiDestination(
  { deliveryQueue, deliverFunction, sendMessage, invoke }: TargetsOptions,
  dispatch: StoredDispatch,
  target: RuleTarget,
): Promise<Handed> {
  const { region } = dispatch.event;
  const message = deliveryMessage(dispatch, target);
  if (message !== undefined) {
    await sendMessage(region, deliveryQueue, message);
    return undefined;
  }
  if (invoke(region, deliverFunction, deliverPayload(dispatch, target))) return undefined;
  return { code: 'INVALID_PARAMETER', reason: 'The event does not fit into a message, compressed neither.' };
}

interface PlainTarget {
  readonly target: RuleTarget;
  readonly to: Exclude<TargetKind, { readonly kind: 'api-destination' }>;
  /** JSON text, or lines of it. */
  readonly input: string;
}

async function toPlainTarget(
  options: TargetsOptions,
  { event: { id, region } }: StoredDispatch,
  { target, to, input }: PlainTarget,
): Promise<Handed> {
  switch (to.kind) {
    case 'queue': {
      const parameters = target['SqsParameters'] as SqsMembers | undefined;
      const group = parameters?.['MessageGroupId'];
      const more = group === undefined ? {} : { MessageGroupId: group };
      await options.sendMessage(region, to.name, { body: escapeForSqs(input), attributes: {} }, more);
      return undefined;
    }
    case 'function':
      return toFunction(options, region, to.physicalName, input);
    case 'log-group': {
      const time = new Date(options.nowMs()).toISOString().slice(11, 23);
      options.writeLine(`${time}  logged  ${to.name}  event ${printable(id)}  ${printable(input, maxLogCharacters)}`);
      return undefined;
    }
  }
}

function toFunction({ invoke }: TargetsOptions, region: string, physicalName: string, input: string): Handed {
  if (parseJson(input) === undefined)
    return { code: 'INVALID_JSON', reason: 'A function takes JSON, and the input is none.' };
  if (Buffer.byteLength(input) > maxPayloadBytes) {
    return { code: 'INVALID_PARAMETER', reason: `A function takes at most ${maxPayloadBytes} bytes.` };
  }
  if (invoke(region, physicalName, input)) return undefined;
  return { code: 'NO_RESOURCE', reason: `This stack has no function ${physicalName}.`, once: true };
}

function refusedBy({ code, message }: Refusal): Undeliverable {
  const isGone = code === 'QueueDoesNotExist';
  return { code: isGone ? 'NO_RESOURCE' : 'INVALID_PARAMETER', reason: message };
}

function inputLine({ event, ruleArn }: StoredDispatch, target: RuleTarget, failure: Failure): string {
  const where = `${printable(ruleArn)} target ${printable(target.Id)}`;
  return `${where}: ${printable(failure.message)} Nothing is delivered of event ${printable(event.id)}.`;
}
