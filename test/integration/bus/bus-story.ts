import {
  CreateEventBusCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  type PutRuleRequest,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageRequest,
} from '@aws-sdk/client-sqs';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { type ClientSettings, createDestination as createDestinationFor } from '../../fixtures/clients.ts';
import { ownClients } from '../../fixtures/stack.ts';

const account = '123456789012';

/** Clients for the bus of one region, which are closed after the test, and shortcuts for frequent calls. */
export function createBusStory(stack: Pick<Stack, 'url'>, region = 'us-east-1', settings: ClientSettings = {}) {
  const { events, sqs } = ownClients(stack, { region, ...settings });

  async function createDestination(name: string, origin: string, ratePerSecond?: number): Promise<string> {
    const settings = { InvocationEndpoint: `${origin}/${name}/*`, InvocationRateLimitPerSecond: ratePerSecond };
    return (await createDestinationFor(events, name, settings)).ApiDestinationArn;
  }

  async function createQueue(name: string, Attributes: Record<string, string> = {}) {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    const arn = `arn:aws:sqs:${region}:${account}:${name}`;
    /** Receives this many messages, in the order of arrival. */
    async function receive(count: number, more: Partial<ReceiveMessageRequest> = {}): Promise<Message[]> {
      const messages: Message[] = [];
      const all = { MessageAttributeNames: ['All'], MaxNumberOfMessages: 10, WaitTimeSeconds: 20 };
      while (messages.length < count) {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...all, ...more }));
        messages.push(...Messages);
      }
      return messages;
    }
    return { arn, receive };
  }

  async function putRule(
    rule: PutRuleRequest,
    ...targets: readonly (Omit<Target, 'Id'> & { readonly Arn: string })[]
  ): Promise<string> {
    const { RuleArn = '' } = await events.send(new PutRuleCommand(rule));
    const Targets = targets.map((target, index) => ({ Id: `t-${index + 1}`, ...target }));
    await events.send(new PutTargetsCommand({ Rule: rule.Name, EventBusName: rule.EventBusName, Targets }));
    return RuleArn;
  }

  async function put(...entries: readonly PutEventsRequestEntry[]): Promise<string[]> {
    const { Entries = [] } = await events.send(new PutEventsCommand({ Entries: entries.map(withDefaults) }));
    return Entries.map(({ EventId = '' }) => EventId);
  }

  /** Sets the delivery policy of an API destination. The stack of these tests asks for no signature. */
  async function putPolicy(ApiDestinationName: string, members: object): Promise<void> {
    const headers = { 'x-amz-target': 'Lastmile.PutDeliveryPolicy' };
    const body = JSON.stringify({ ApiDestinationName, ...members });
    const answer = await fetch(stack.url, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(await answer.text());
  }

  const createBus = (Name: string) => events.send(new CreateEventBusCommand({ Name }));
  return { events, sqs, createDestination, createQueue, createBus, putPolicy, putRule, put };
}

export type BusStory = ReturnType<typeof createBusStory>;

function withDefaults(entry: PutEventsRequestEntry): PutEventsRequestEntry {
  return { Source: 'shop', DetailType: 'Order Placed', Detail: '{}', ...entry };
}

/** Matches every event that the tests put. */
export const everyOrder = JSON.stringify({ source: ['shop'] });

export function attributesOf({ MessageAttributes = {} }: Message): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]));
}

/** A list whose readers can wait until it has a given number of items. */
export class Growing<Item> {
  readonly items: Item[] = [];
  #waiting: (() => void)[] = [];

  push(item: Item): void {
    this.items.push(item);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when the list has this many items. */
  async count(count: number): Promise<readonly Item[]> {
    while (this.items.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.items;
  }
}
