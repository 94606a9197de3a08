import type { DeliveryTarget } from '../../core/delivery.ts';
import { Failure } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatQueuedDelivery } from '../../core/queued-delivery.ts';
import type { QueueMessage } from '../../core/queue-message.ts';
import { escapeForSqs } from '../../core/sqs-text.ts';
import type { SqsMembers } from '../fauxqs.ts';
import { printable } from '../readable-delivery-log.ts';
import { Refusal } from '../wire.ts';
import type { AcceptedEvent, StoredDispatch } from './event-store.ts';
import type { RuleTarget } from './model.ts';
import { targetKindOf } from './target-arn.ts';
import { targetInput } from './target-input.ts';
import { createUndeliverable, type Undeliverable } from './targets-undeliverable.ts';

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

/** What an asynchronous invocation may carry. Source: the Lambda developer guide, quotas. */
const maxPayloadBytes = 1_048_576;

/** What of a log group's event is shown: enough for an order, little enough for a terminal. */
const maxLogCharacters = 1000;

/** Hands one event to one target of this stack; rejects when the target could not be reached for now. */
export function createTargets(options: TargetsOptions): (dispatch: StoredDispatch) => Promise<void> {
  const { account, sendMessage, invoke, writeLine, report, nowMs } = options;
  const giveUp = createUndeliverable({ account, send: sendMessage, report });

  /**
   * As a rule that targets the delivery queue itself would: the event's text stays as it is, the queue's batches share a
   * rate's writes, and the worker that takes it up is the deployed one. What no message can hold is handed to `deliver`.
   */
  async function toApiDestination(
    { event, ruleArn }: StoredDispatch,
    target: RuleTarget,
  ): Promise<Undeliverable | undefined> {
    const message = deliveryMessage(event, ruleArn, target);
    if (message !== undefined) return void (await sendMessage(event.region, options.deliveryQueue, message));
    const envelope = { apiDestination: target.Arn, rule: ruleArn, target: deliveryTarget(target) };
    const payload = `${JSON.stringify(envelope).slice(0, -1)},"event":${event.text}}`;
    if (invoke(event.region, options.deliverFunction, payload)) return undefined;
    return { code: 'INVALID_PARAMETER', reason: 'The event does not fit into a message, compressed neither.' };
  }

  async function toQueue(region: string, name: string, input: string, target: RuleTarget): Promise<void> {
    const parameters = target['SqsParameters'] as { readonly MessageGroupId?: string } | undefined;
    const more = parameters?.MessageGroupId === undefined ? {} : { MessageGroupId: parameters.MessageGroupId };
    await sendMessage(region, name, { body: escapeForSqs(input), attributes: {} }, more);
  }

  function toFunction(region: string, physicalName: string, input: string): Undeliverable | undefined {
    if (!isJson(input)) return { code: 'INVALID_JSON', reason: 'A function takes JSON, and the input is none.' };
    if (Buffer.byteLength(input) > maxPayloadBytes) {
      return { code: 'INVALID_PARAMETER', reason: `A function takes at most ${maxPayloadBytes} bytes.` };
    }
    if (invoke(region, physicalName, input)) return undefined;
    return { code: 'NO_RESOURCE', reason: `This stack has no function ${physicalName}.`, once: true };
  }

  function toLogGroup(name: string, eventId: string, input: string): void {
    const time = new Date(nowMs()).toISOString().slice(11, 23);
    writeLine(`${time}  logged  ${name}  event ${printable(eventId)}  ${printable(input, maxLogCharacters)}`);
  }

  async function hand(dispatch: StoredDispatch, target: RuleTarget): Promise<Undeliverable | undefined> {
    const { event, ruleArn } = dispatch;
    const to = targetKindOf(target.Arn, event.region, account);
    if (to === undefined) return { ...notHere, reason: `${target.Arn} is not deliverable in this local stack.` };
    if (to.kind === 'api-destination') return toApiDestination(dispatch, target);
    const source = { event: documentOf(event.text), rule: ruleArn, firstReceivedAtMs: event.acceptedAtMs };
    const input = targetInput(deliveryTarget(target), source);
    switch (to.kind) {
      case 'queue':
        return void (await toQueue(event.region, to.name, input, target));
      case 'function':
        return toFunction(event.region, to.physicalName, input);
      case 'log-group':
        return void toLogGroup(to.name, event.id, input);
    }
  }

  return async (dispatch) => {
    const target = JSON.parse(dispatch.target) as RuleTarget;
    try {
      const undeliverable = await hand(dispatch, target);
      if (undeliverable !== undefined) await giveUp(dispatch, target, undeliverable);
    } catch (error) {
      if (error instanceof Failure) report(inputLine(dispatch, target, error));
      else if (error instanceof Refusal) await giveUp(dispatch, target, refusedBy(error));
      else throw error;
    }
  };
}

const notHere = { code: 'NO_RESOURCE', once: true } as const;

function refusedBy({ code, message }: Refusal): Undeliverable {
  const isGone = code === 'QueueDoesNotExist';
  return { code: isGone ? 'NO_RESOURCE' : 'INVALID_PARAMETER', reason: message };
}

/** An input that cannot be built: EventBridge delivers nothing, not to a dead-letter queue either. */
function inputLine({ event, ruleArn }: StoredDispatch, target: RuleTarget, failure: Failure): string {
  const where = `${printable(ruleArn)} target ${printable(target.Id)}`;
  return `${where}: ${printable(failure.message)} Nothing is delivered of event ${printable(event.id)}.`;
}

/** Undefined: too large, compressed too. */
function deliveryMessage(event: AcceptedEvent, rule: string, target: RuleTarget): QueueMessage | undefined {
  try {
    return formatQueuedDelivery({
      delivery: {
        apiDestination: target.Arn,
        event: { value: {}, text: event.text },
        rule,
        target: deliveryTarget(target),
        attempts: 0,
        postponements: 0,
        firstReceivedAtMs: event.acceptedAtMs,
      },
    });
  } catch (error) {
    if (error instanceof Failure && error.code === 'DeliveryTooLarge') return undefined;
    throw error;
  }
}

/** The members that deliver reads. */
const targetMembers = [
  'Id',
  'Arn',
  'Input',
  'InputPath',
  'InputTransformer',
  'HttpParameters',
  'RetryPolicy',
  'DeadLetterConfig',
];

function deliveryTarget(target: RuleTarget): DeliveryTarget {
  return Object.fromEntries(Object.entries(target).filter(([name]) => targetMembers.includes(name)));
}

function documentOf(text: string): { readonly value: JsonObject; readonly text: string } {
  return { value: JSON.parse(text) as JsonObject, text };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
