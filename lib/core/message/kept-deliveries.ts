import type { Delivery } from '../delivery/delivery.ts';
import { Failure } from '../failure/failure.ts';
import { jsonText, printedEvent } from '../input/json-text.ts';
import type { JsonObject } from '../input/json.ts';
import { isJsonObject, ownMember, parseJson } from '../input/json.ts';
import { eventDetails } from './event-details.ts';
import { messageVersion } from './format-versions.ts';
import { lastmileAttribute } from './queue-message.ts';
import { parseQueueMessage } from './queued-delivery.ts';

/** All keys begin with this. The roles of the functions allow only such keys. */
const keptPrefix = 'events/';

/** Where a kept delivery is: the object that has the deliveries of one invocation, and its line, counted from 0. */
export interface KeptLocation {
  readonly key: string;
  readonly index: number;
}

/** @param id 32 hexadecimal digits that no other object has */
export function keptKey(nowMs: number, id: string): string {
  return `${keptPrefix}${new Date(nowMs).toISOString().slice(0, 10)}/${id}`;
}

export function formatKeptLocation({ key, index }: KeptLocation): string {
  return `${key}#${index}`;
}

/** @returns undefined when the text is not a location */
export function parseKeptLocation(text: string): KeptLocation | undefined {
  const [, key, index] = /^(events\/[0-9]{4}-[0-9]{2}-[0-9]{2}\/[0-9a-f]{32})#([0-9]{1,5})$/.exec(text) ?? [];
  return key === undefined || index === undefined ? undefined : { key, index: Number(index) };
}

/**
 * The text of an object: a line of JSON for each delivery, with body and attributes as a message of the delivery queue has
 * them. A line has neither attempts nor times, so that its delivery starts again like a dead letter that is moved back.
 */
export function formatKeptDeliveries(deliveries: readonly Delivery[]): string {
  return deliveries
    .map((delivery) => {
      const { apiDestination, rule, target, trace } = delivery;
      const members = { v: messageVersion, apiDestination, rule, target, trace, ...eventDetails(delivery) };
      const details = JSON.stringify(members);
      return `${jsonText({ body: printedEvent(delivery.event), attributes: { [lastmileAttribute]: details } })}\n`;
    })
    .join('');
}

/**
 * The delivery in one line of an object, as a new delivery that was received now.
 *
 * @returns undefined when the object has no such line
 * @throws Failure InvalidJson or InvalidDelivery when the line is damaged, NewerVersion when this version cannot read it
 */
export function parseKeptDelivery(text: string, index: number, nowMs: number): Delivery | undefined {
  const line = text.split('\n')[index];
  if (line === undefined || line === '') return undefined;
  const message = parseJson(line);
  const attributes = isJsonObject(message) ? ownMember(message, 'attributes') : undefined;
  const body = isJsonObject(message) ? ownMember(message, 'body') : undefined;
  const details = isJsonObject(attributes) ? textMember(attributes, lastmileAttribute) : undefined;
  if (typeof body !== 'string' || details === undefined) {
    throw new Failure('InvalidDelivery', 'The kept text is not that of a delivery.');
  }
  return parseQueueMessage({ body, attributes: { [lastmileAttribute]: details } }, { nowMs, apiDestination: undefined })
    .delivery;
}

function textMember(object: JsonObject, name: string): string | undefined {
  const value = ownMember(object, name);
  return typeof value === 'string' ? value : undefined;
}
