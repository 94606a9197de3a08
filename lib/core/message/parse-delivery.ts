import type { Delivery, DeliveryTarget, EventDocument, TargetHttpParameters } from '../delivery/delivery.ts';
import type { Trace } from '../delivery/trace.ts';
import { firstTrace, parseTrace } from '../delivery/trace.ts';
import { parseEventsArn } from '../destination/arn.ts';
import { Failure } from '../failure/failure.ts';
import type { JsonValue } from '../input/json.ts';
import { isJsonObject, withoutUndefined } from '../input/json.ts';
import type { MapBounds, TextBounds } from '../input/member-reader.ts';
import { MemberReader } from '../input/member-reader.ts';
import { memberText } from '../input/member-text.ts';
import { longestAnswerSeconds } from './answer-time.ts';
import { hashOf, isSafeId, ownId } from '../request/idempotency-key.ts';
import type { SentEvent, SentFacts } from './sent-event.ts';
import { documentOf, factsOf, isBase64, unwrapped } from './sent-event.ts';

export interface ParseOptions {
  /** The function's own API destination, for events without an envelope; undefined when every input must name one. */
  readonly apiDestination: string | undefined;
  readonly nowMs: number;
  /** The trace that came beside the input, for example in attributes of its message. */
  readonly trace?: Trace | undefined;
  /** The position of an element of an array among those that are equal to it, counted from 1. Default: 1. */
  readonly occurrence?: number;
}

/** Source: shape ApiDestinationName of the EventBridge service model. */
const namePattern = /^[.\-_A-Za-z0-9]{1,64}$/;

const noTarget: DeliveryTarget = {};

/**
 * Reads one input: just an event, for the function's own API destination, or an envelope `{apiDestination, event, rule, target,
 * trace, SystemMetadata, messageId, isBase64Encoded}`. Either of them may be in a record of its sender. The event may be any JSON but null.
 * Unknown members are ignored, and so are attempts and times in an envelope, because only our own messages may contain them.
 *
 * Failure policy: if the function has a destination of its own, an envelope is refused and not sent as an event, because the
 * author of an event must not choose where it goes.
 *
 * @param text the input's own JSON text, if it is known; the text of the event is cut out of it unchanged
 * @throws Failure InvalidDelivery that names the field, never its value
 */
export function parseDelivery(input: unknown, options: ParseOptions, text?: string): Delivery {
  const sent = unwrapped((input ?? null) as JsonValue, text);
  const { value, form } = sent.event;
  const envelope =
    form === undefined && isJsonObject(value) ? new MemberReader(value, '', 'InvalidDelivery') : undefined;
  if (options.apiDestination !== undefined) {
    if (envelope?.has('apiDestination')) {
      return envelope.refuse(
        'apiDestination',
        'is not accepted: this function delivers to its own API_DESTINATION; send the event alone',
      );
    }
    if (value === null) throw new Failure('InvalidDelivery', 'The event is null.');
    return delivery(options.apiDestination, sent, options, options.trace);
  }
  if (envelope === undefined) {
    throw new Failure(
      'InvalidDelivery',
      'The input is not an object that names an API destination: send an envelope, or set API_DESTINATION of the function.',
    );
  }
  const apiDestination = parseApiDestination(envelope);
  const rule = envelope.optionalText('rule', arnText);
  const target = envelope.optionalObject('target');
  envelope.optionalInteger('answerWithinSeconds', 1, longestAnswerSeconds);
  const trace = firstTrace(parseTrace(envelope.member('trace')), options.trace);
  return {
    ...delivery(apiDestination, sentIn(envelope, sent), options, trace),
    ...(rule === undefined ? undefined : { rule }),
    ...(target === undefined ? undefined : { target: parseTarget(target) }),
  };
}

/** The event in an envelope. The envelope's own SystemMetadata replace those around the envelope. */
function sentIn(envelope: MemberReader, { event: { text }, metadata: outer, recordId }: SentEvent): SentEvent {
  const value = envelope.member('event') ?? envelope.refuse('event', 'is missing');
  const metadata = envelope.member('SystemMetadata');
  const own = isJsonObject(metadata) ? metadata : undefined;
  const isBase64Encoded = envelope.optionalBoolean('isBase64Encoded') ?? false;
  if (isBase64Encoded && typeof value !== 'string') return envelope.refuse('event', 'is not a string of Base64');
  const event: EventDocument = isBase64Encoded
    ? { value, form: 'bytes' }
    : documentOf(value, text === undefined ? undefined : memberText(text, 'event'), own);
  const messageId = envelope.member('messageId');
  return { event, metadata: own ?? outer, recordId: isSafeId(messageId) ? messageId : recordId };
}

function parseApiDestination(envelope: MemberReader): string {
  if (!envelope.has('apiDestination')) {
    return envelope.refuse(
      'apiDestination',
      'is missing: name one beside the event, or set API_DESTINATION of the function',
    );
  }
  const text = envelope.text('apiDestination');
  if (isApiDestination(text)) return text;
  return envelope.refuse('apiDestination', 'is neither the name nor the ARN of an API destination');
}

/** Whether the text is the name or the ARN of an API destination. */
export function isApiDestination(text: string): boolean {
  return namePattern.test(text) || parseEventsArn(text)?.kind === 'api-destination';
}

function delivery(
  apiDestination: string,
  { event, metadata, recordId }: SentEvent,
  { nowMs, occurrence = 1 }: ParseOptions,
  trace: Trace | undefined,
): Delivery {
  if (event.form === 'bytes' && !(typeof event.value === 'string' && isBase64(event.value)))
    throw new Failure('InvalidDelivery', 'The event is not Base64, although its sender says so.');
  const made = { apiDestination, event, target: noTarget, attempts: 0, postponements: 0, firstReceivedAtMs: nowMs };
  const traced = trace === undefined ? made : { ...made, trace };
  if (metadata === undefined && recordId === undefined && occurrence === 1) return traced;
  const facts: SentFacts = metadata === undefined ? {} : factsOf(metadata);
  if (facts.eventId !== undefined || ownId(event) !== undefined) return { ...traced, ...facts };
  if (recordId !== undefined) return { ...traced, ...facts, eventId: recordId };
  return occurrence === 1
    ? { ...traced, ...facts }
    : { ...traced, ...facts, eventId: `${hashOf(event)}-${occurrence}` };
}

// Bounds of the EventBridge service model. Its patterns must match the whole text. The patterns below accept the same texts in
// linear time.
const targetId: TextBounds = { min: 1, max: 64, pattern: /^[.\-_A-Za-z0-9]+$/ };
const targetInput: TextBounds = { max: 8192 };
const inputPath: TextBounds = { max: 256 };
const inputTemplate: TextBounds = { min: 1, max: 8192 };
const jsonataType: TextBounds = { pattern: /^JSONATA$/ };
/** Source: EventBridge user guide, limits of JSONata. */
const expression: TextBounds = { min: 1, max: 8192 };
const pathParameter: TextBounds = { pattern: /^(?!\s*$).+$/ };
/**
 * The most parameters of one kind. The model has no such bound. But each parameter may be a path that visits the whole event,
 * and the worker's other deliveries wait meanwhile. For the paths of a transformer, the model's own bound is 100.
 */
const maxParameters = 100;
const printableText = /^[^\u0000-\u001f\u007f]+$/;
const arnText: TextBounds = { min: 1, max: 1600, pattern: printableText };

const inputPathsMap: MapBounds = {
  maxEntries: 100,
  key: { min: 1, max: 256, pattern: /^[A-Za-z0-9_-]+$/ },
  value: inputPath,
};
const headerParameters: MapBounds = {
  maxEntries: maxParameters,
  key: { max: 512, pattern: /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/ },
  value: { max: 512, pattern: /^(?=\t*[\x20-\x7E])[\t\x20-\x7E]+$/ },
};
const queryStringParameters: MapBounds = {
  maxEntries: maxParameters,
  key: { max: 512, pattern: printableText },
  value: { max: 512, pattern: /^[^\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f]+$/ },
};

/** A target in EventBridge's own shape. Members that a delivery does not need are ignored. */
function parseTarget(target: MemberReader): DeliveryTarget {
  const ways = ['Input', 'InputPath', 'InputTransformer', 'Transformer'].filter((name) => target.has(name));
  if (ways.length > 1) {
    return target.refuse(
      ways.map((name) => target.pathOf(name)).join(' and '),
      'cannot be used together: set one of them',
    );
  }
  const transformer = target.optionalObject('InputTransformer');
  const jsonata = target.optionalObject('Transformer');
  const httpParameters = target.optionalObject('HttpParameters');
  const retryPolicy = target.optionalObject('RetryPolicy');
  const deadLetterConfig = target.optionalObject('DeadLetterConfig');
  return withoutUndefined({
    Id: target.optionalText('Id', targetId),
    Arn: target.optionalText('Arn', arnText),
    Input: target.optionalText('Input', targetInput),
    InputPath: target.optionalText('InputPath', inputPath),
    InputTransformer:
      transformer === undefined
        ? undefined
        : {
            ...withoutUndefined({ InputPathsMap: transformer.optionalTextMap('InputPathsMap', inputPathsMap) }),
            InputTemplate: transformer.text('InputTemplate', inputTemplate),
          },
    Transformer:
      jsonata &&
      ({
        Type: jsonata.text('Type', jsonataType) as 'JSONATA',
        Expression: jsonata.text('Expression', expression),
      } as const),
    ...parseOrder(target),
    HttpParameters: httpParameters === undefined ? undefined : parseHttpParameters(httpParameters),
    RetryPolicy:
      retryPolicy === undefined
        ? undefined
        : withoutUndefined({
            MaximumRetryAttempts: retryPolicy.optionalInteger('MaximumRetryAttempts', 0, 185),
            MaximumEventAgeInSeconds: retryPolicy.optionalInteger('MaximumEventAgeInSeconds', 60, 86_400),
          }),
    DeadLetterConfig:
      deadLetterConfig === undefined
        ? undefined
        : withoutUndefined({ Arn: deadLetterConfig.optionalText('Arn', arnText) }),
  });
}

function parseOrder(target: MemberReader): Pick<DeliveryTarget, 'Order' | 'OrderGroupPath'> {
  const order = target.optionalText('Order');
  if (order !== undefined && order !== 'PER_GROUP') return target.refuse(target.pathOf('Order'), 'is not PER_GROUP');
  const path = target.optionalText('OrderGroupPath', inputPath);
  if (path !== undefined && order === undefined)
    return target.refuse(target.pathOf('OrderGroupPath'), 'needs Order: set it to PER_GROUP');
  return withoutUndefined({ Order: order, OrderGroupPath: path });
}

function parseHttpParameters(parameters: MemberReader): TargetHttpParameters {
  return withoutUndefined({
    PathParameterValues: parameters.optionalTextList('PathParameterValues', pathParameter, maxParameters),
    HeaderParameters: parameters.optionalTextMap('HeaderParameters', headerParameters),
    QueryStringParameters: parameters.optionalTextMap('QueryStringParameters', queryStringParameters),
  });
}
