import { Buffer } from 'node:buffer';
import { parseXrayHeader } from '../../../core/delivery/trace.ts';
import { parseJsonExactly } from '../../../core/input/exact-json.ts';
import type { JsonObject, JsonValue } from '../../../core/input/json.ts';
import { isJsonObject, ownMember } from '../../../core/input/json.ts';
import { ServiceError } from '../../../core/failure/service-error.ts';
import { createBusEvent } from '../store/event-store.ts';
import type { EventParts, MatchedEvent, MatchedTarget } from '../store/event-store.ts';
import type { BusEvent, BusReader } from '../store/model.ts';
import type { BusCaller } from './operation.ts';

export interface PutEventsOptions {
  readonly bus: Pick<BusReader, 'bus'>;
  /** Returns the targets of every matching rule of the bus. */
  readonly match: (region: string, eventBusName: string, event: BusEvent) => readonly MatchedTarget[];
  /** Returns when the events are stored. */
  readonly accept: (accepted: readonly MatchedEvent[]) => void;
  readonly nowMs: () => number;
  /** Returns a new UUID. */
  readonly newId: () => string;
  /** Reports an event for a bus that does not exist. */
  readonly reportUnknownBus: (region: string, eventBusName: string, event: BusEvent) => void;
  /** Resolves when the stack has time to accept this many events; undefined when it has time now. */
  readonly turn: (events: number) => Promise<void> | undefined;
  /** Reports an event that no rule with a target matches. */
  readonly reportUnmatched: (region: string, eventBusName: string, event: BusEvent) => void;
  /** Reports an entry that was refused. */
  readonly reportRefused: (region: string, refused: RefusedEntry) => void;
}

/** The operation PutEvents. Its input was checked against the service model. */
export type PutEvents = (input: JsonObject, caller: BusCaller) => Promise<JsonObject>;

interface Entry {
  readonly eventBusName: string;
  readonly parts: Omit<EventParts, 'id' | 'account' | 'region'>;
}

/** Members are absent when the entry did not have them. */
export interface RefusedEntry {
  readonly eventBusName: string;
  readonly source?: string | undefined;
  readonly detailType?: string | undefined;
  readonly error: EntryError;
}

interface EntryError extends JsonObject {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** Maximum size of all entries of a request. Source: EventBridge user guide, quotas; 256 KiB until January 2026. */
const maxRequestBytes = 1_048_576;

/** The size of a time in an entry. Source: EventBridge user guide, PutEvents event entry size. */
const timeBytes = 14;

/**
 * Accepts events in order, each one independently.
 *
 * Failure policy: a refused entry does not affect the others. An entry for a bus that does not exist gets a normal
 * answer and its event is dropped, as in EventBridge; the stack reports it.
 *
 * @throws ServiceError ValidationException when the entries are too large together
 */
export function createPutEvents(options: PutEventsOptions): PutEvents {
  return async (input, caller) => {
    const entries = (ownMember(input, 'Entries') ?? []) as readonly JsonObject[];
    if (entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0) > maxRequestBytes) {
      throw new ServiceError('ValidationException', 'Total size of the entries in the request is over the limit.');
    }
    await options.turn(entries.length);
    const nowMs = options.nowMs();
    const { account, region } = caller;
    const accepted: MatchedEvent[] = [];
    const answers = entries.map((each) => {
      const entry = readEntry(each, nowMs, caller.traceHeader);
      if ('ErrorCode' in entry) {
        options.reportRefused(region, refusedEntry(each, entry));
        return entry;
      }
      const id = options.newId();
      const event = createBusEvent({ ...entry.parts, account, region, id }, nowMs);
      accepted.push({ event: event.accepted, targets: targetsOf(options, caller, entry.eventBusName, event.value) });
      return { EventId: id };
    });
    options.accept(accepted);
    const FailedEntryCount = answers.filter((answer) => 'ErrorCode' in answer).length;
    return { FailedEntryCount, Entries: answers };
  };
}

function targetsOf(
  { bus, match, reportUnknownBus, reportUnmatched }: PutEventsOptions,
  { account, region }: BusCaller,
  nameOrArn: string,
  event: BusEvent,
): readonly MatchedTarget[] {
  const [, arnRegion = region, arnAccount = account, arnName] =
    /^arn:aws[a-z-]*:events:([a-z0-9-]*):([0-9]{12}):event-bus\/(.+)$/.exec(nameOrArn) ?? [];
  const name = arnName ?? nameOrArn;
  const isHere = arnRegion === region && arnAccount === account && bus.bus(region, name) !== undefined;
  if (isHere) {
    const targets = match(region, name, event);
    if (targets.length === 0) reportUnmatched(region, name, event);
    return targets;
  }
  reportUnknownBus(region, nameOrArn, event);
  return [];
}

function entryBytes(entry: JsonObject): number {
  const resources = (ownMember(entry, 'Resources') ?? []) as readonly string[];
  const texts = [...requiredNames.map((name) => textOf(ownMember(entry, name)) ?? ''), ...resources];
  const ofTime = ownMember(entry, 'Time') === undefined ? 0 : timeBytes;
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), ofTime);
}

const requiredNames = ['Source', 'DetailType', 'Detail'] as const;

/**
 * The entry's TraceHeader counts before the header of the request. A malformed one is dropped, and the event is accepted. Source:
 * EventBridge user guide, AWS X-Ray.
 */
function readEntry(entry: JsonObject, nowMs: number, requestTraceHeader: string | undefined): Entry | EntryError {
  const [source, detailType, detailText] = requiredNames.map((name) => textOf(ownMember(entry, name)));
  if (source === undefined) return missing('Source');
  if (source.startsWith(reservedPrefix)) return notAuthorized;
  if (detailType === undefined) return missing('DetailType');
  if (detailText === undefined) return missing('Detail');
  if (detailType.length > maxDetailTypeCharacters) {
    return invalidArgument('DetailType', `DetailType must have at most ${maxDetailTypeCharacters} characters.`);
  }
  const detail = parsedObject(detailText);
  if (detail === undefined) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  const time = ownMember(entry, 'Time');
  const timeMs = typeof time === 'number' ? time * 1000 : nowMs;
  if (!(timeMs >= firstTimeMs && timeMs < endOfTimesMs)) {
    return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Parameter Time is not valid.' };
  }
  const resources = (ownMember(entry, 'Resources') ?? []) as readonly string[];
  const traceHeader = parseXrayHeader(ownMember(entry, 'TraceHeader') ?? requestTraceHeader);
  return {
    eventBusName: busNameOf(entry),
    parts: { source, detailType, detailText, detail, timeMs, resources, traceHeader },
  };
}

/** Only AWS services may put events with such a source. Code and text are those that EventBridge answers. */
const reservedPrefix = 'aws.';
const notAuthorized = {
  ErrorCode: 'NotAuthorizedForSourceException',
  ErrorMessage: 'Not authorized for the source.',
} as const;

/** Source: the API reference of PutEvents. The text of the refusal is our own. */
const maxDetailTypeCharacters = 128;

/** The year of an event's time has four digits. */
const firstTimeMs = Date.parse('0000-01-01T00:00:00Z');
const endOfTimesMs = Date.UTC(10_000, 0);

function refusedEntry(entry: JsonObject, error: EntryError): RefusedEntry {
  return {
    eventBusName: busNameOf(entry),
    source: textOf(ownMember(entry, 'Source')),
    detailType: textOf(ownMember(entry, 'DetailType')),
    error,
  };
}

function busNameOf(entry: JsonObject): string {
  return textOf(ownMember(entry, 'EventBusName')) ?? 'default';
}

function missing(name: (typeof requiredNames)[number]): EntryError {
  return invalidArgument(name, `${name} is a required argument.`);
}

function invalidArgument(name: string, reason: string): EntryError {
  return { ErrorCode: 'InvalidArgument', ErrorMessage: `Parameter ${name} is not valid. Reason: ${reason}` };
}

/** An empty text counts as absent. */
function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function parsedObject(text: string): JsonObject | undefined {
  const value = parseJsonExactly(text);
  return isJsonObject(value) ? value : undefined;
}
