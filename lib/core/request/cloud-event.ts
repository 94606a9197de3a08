import { Buffer } from 'node:buffer';
import type { Delivery, EventDocument, InvocationRequest } from '../delivery/delivery.ts';
import type { CloudEventsFormat } from '../destination/delivery-policy.ts';
import { Failure } from '../failure/failure.ts';
import type { JsonObject, JsonValue } from '../input/json.ts';
import { isJsonObject, ownMember, parseJson } from '../input/json.ts';
import { memberText } from '../input/member-text.ts';
import { isHeaderValue } from './header-rules.ts';
import { hashOf } from './idempotency-key.ts';

/** The attributes of a CloudEvent by their names, without `specversion` and `datacontenttype`. */
type Attributes = Readonly<Record<string, string>>;

/** An event whose data are the body, and what becomes its attributes. */
export interface CloudEvent {
  readonly attributes: Attributes;
  readonly data: EventDocument;
  /** The content type of the data that the event itself names. */
  readonly contentType?: string;
}

/**
 * The CloudEvent of a delivery. An event of EventBridge gives its id, source, type, time and only resource, and its data are the
 * `detail`. An event that is a CloudEvent already keeps all its attributes. Any other event is the data itself.
 *
 * @param sourceArn the source of an event that names none
 */
export function cloudEventOf(delivery: Delivery, sourceArn: string): CloudEvent {
  const { event } = delivery;
  const value = isJsonObject(event.value) ? event.value : {};
  if (ownMember(value, 'specversion') === '1.0') {
    const type = ownMember(value, 'datacontenttype');
    const contentType = typeof type === 'string' && isHeaderValue(type) ? { contentType: type } : undefined;
    return { attributes: ownAttributes(value), data: ownData(event, value), ...contentType };
  }
  const isFromBus = typeof value['detail-type'] === 'string' && Object.hasOwn(value, 'detail');
  const { source, time, account, region, resources } = isFromBus ? value : {};
  const subject = Array.isArray(resources) && resources.length === 1 ? resources[0] : undefined;
  const attributes = texts({
    id: delivery.eventId ?? nonEmpty(ownMember(value, 'id')) ?? hashOf(event),
    source: uriReference(nonEmpty(source) ?? delivery.rule ?? sourceArn),
    type: isFromBus ? value['detail-type'] : 'lastmile.event',
    time: typeof time === 'string' && timestamp.test(time) ? time : undefined,
    subject,
    awsaccount: account,
    awsregion: region,
  });
  return { attributes, data: isFromBus ? member(event, value, 'detail') : event };
}

/** A time of RFC 3339. */
const timestamp = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;
/** Source: CloudEvents 1.0.2, naming conventions. */
const attributeName = /^[a-z0-9]{1,64}$/;
const dataMembers: ReadonlySet<string> = new Set(['specversion', 'datacontenttype', 'data']);

function ownAttributes(value: JsonObject): Attributes {
  const members = Object.entries(value).filter(([name]) => attributeName.test(name) && !dataMembers.has(name));
  return texts(Object.fromEntries(members));
}

function ownData(event: EventDocument, value: JsonObject): EventDocument {
  const base64 = ownMember(value, 'data_base64');
  if (typeof base64 === 'string') return { value: base64, form: 'bytes' };
  const data = member(event, value, 'data');
  const type = ownMember(value, 'datacontenttype');
  const isText = typeof data.value === 'string' && typeof type === 'string' && !isJsonType(type);
  return isText ? { value: data.value, form: 'text' } : data;
}

function member(event: EventDocument, value: JsonObject, name: string): EventDocument {
  const found = ownMember(value, name) ?? null;
  const text = event.text === undefined ? undefined : memberText(event.text, name);
  return text === undefined ? { value: found } : { value: found, text };
}

function nonEmpty(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Numbers and booleans have their canonical text. Control characters are not allowed in an attribute. */
function texts(members: Readonly<Record<string, JsonValue | undefined>>): Attributes {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(members)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
    const text = String(value)
      .toWellFormed()
      .replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
    if (text !== '') attributes[name] = text;
  }
  return attributes;
}

/**
 * The text with every character encoded that a URI reference cannot have at any place. A colon in the first segment would end a
 * scheme, so it stays only there. Source: RFC 3986, section 4.2.
 */
function uriReference(text: string): string {
  const encoded = text
    .toWellFormed()
    .replace(/[^A-Za-z0-9\-._~:/?@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})/gu, encodeURIComponent)
    .replace(/^\/{2,}/, '/');
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(encoded)
    ? encoded
    : encoded.replace(/^[^/?]*/, (first) => first.replaceAll(':', '%3A'));
}

function isJsonType(contentType: string): boolean {
  return /^[^;]*[/+]json\s*(?:;|$)/i.test(contentType);
}

/**
 * Adds the attributes to the headers of a request, or makes a body of attributes and data. A header of the connection or the
 * target with the name of an attribute is sent instead, because its author knows the endpoint.
 *
 * @param request its body is the data
 * @throws Failure InvalidInvocation
 */
export function withCloudEvent(
  request: InvocationRequest,
  attributes: Attributes,
  format: CloudEventsFormat,
): InvocationRequest {
  return format === 'CLOUDEVENTS_BINARY' ? inHeaders(request, attributes) : inBody(request, attributes);
}

function inHeaders(request: InvocationRequest, attributes: Attributes): InvocationRequest {
  const configured = new Set(Object.keys(request.headers).map((name) => name.toLowerCase()));
  for (const name of configured) if (name.startsWith('ce-')) refuseOtherThanAttribute(name);
  const added: Record<string, string> = { 'ce-specversion': '1.0' };
  for (const [name, value] of Object.entries(attributes)) {
    if (!configured.has(`ce-${name}`)) added[`ce-${name}`] = headerValue(value);
  }
  return { ...request, headers: { ...request.headers, ...added } };
}

/** Source: CloudEvents 1.0.2, naming conventions of attributes. */
function refuseOtherThanAttribute(header: string): void {
  if (/^ce-[a-z0-9]+$/.test(header) && header !== 'ce-specversion') return;
  throw new Failure(
    'InvalidInvocation',
    `The header ${header} cannot be sent with a CloudEvent: after "ce-", a header has the letters and digits of an attribute, and specversion is always 1.0. Rename the header of the target or the connection.`,
  );
}

/** Source: CloudEvents HTTP protocol binding 1.0.2, HTTP header values. */
function headerValue(text: string): string {
  return text.replace(/[^\u0021-\u007e]|["%]/gu, encodeURIComponent);
}

/** Source: CloudEvents JSON format 1.0.2. */
function inBody(request: InvocationRequest, attributes: Attributes): InvocationRequest {
  const { body } = request;
  if (body === undefined) {
    throw new Failure(
      'InvalidInvocation',
      `A CloudEvent whose attributes are in the body needs a body, and ${request.method} has none: use Format CLOUDEVENTS_BINARY or another method.`,
    );
  }
  const contentTypeName = Object.keys(request.headers).find((name) => name.toLowerCase() === 'content-type');
  const { [contentTypeName ?? '']: datacontenttype = '', ...headers } = request.headers;
  const members = JSON.stringify({ specversion: '1.0', ...attributes, datacontenttype });
  return {
    ...request,
    headers: { ...headers, 'Content-Type': 'application/cloudevents+json; charset=utf-8' },
    body: `${members.slice(0, -1)},${dataMember(body, datacontenttype)}}`,
  };
}

function dataMember(body: string | Uint8Array, contentType: string): string {
  if (typeof body !== 'string') return `"data_base64":"${Buffer.from(body).toString('base64')}"`;
  const isJson = isJsonType(contentType) && parseJson(body) !== undefined;
  return `"data":${isJson ? body : JSON.stringify(body)}`;
}
