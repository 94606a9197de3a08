import { expect, test } from 'vitest';
import { parseJsonExactly } from '../../../../../lib/core/input/exact-json.ts';
import type { JsonObject } from '../../../../../lib/core/input/json.ts';
import type { MatchedEvent } from '../../../../../lib/local/bus/store/event-store.ts';
import type { BusEvent } from '../../../../../lib/local/bus/store/model.ts';
import { createPutEvents } from '../../../../../lib/local/bus/operations/put-events.ts';
import { readEventsInput } from '../../../../../lib/protocol/model/events-input.ts';

const nowMs = Date.UTC(2026, 2, 4, 10, 30, 1, 999);
const caller = { account: '123456789012', region: 'eu-west-1' };
const bus = { name: 'orders', arn: 'arn', creationTimeMs: 0, lastModifiedTimeMs: 0 };
const target = { ruleArn: 'arn:aws:events:eu-west-1:123456789012:rule/all', target: '{"Id":"t","Arn":"arn"}' };

/** Calls PutEvents with validated input. Every rule of the buses `default` and `orders` matches. */
function putEvents(Entries: readonly JsonObject[], traceHeader?: string) {
  const accepted: MatchedEvent[] = [];
  const matched: { readonly eventBusName: string; readonly event: BusEvent }[] = [];
  const unknown: string[] = [];
  const unmatched: string[] = [];
  const refused: unknown[] = [];
  let ids = 0;
  const operation = createPutEvents({
    turn: () => undefined,
    bus: { bus: (_, name) => (name === 'orders' || name === 'default' ? { ...bus, name } : undefined) },
    match: (_, eventBusName, event) => {
      matched.push({ eventBusName, event });
      return event.source === 'nobody' ? [] : [target];
    },
    accept: (events) => void accepted.push(...events),
    nowMs: () => nowMs,
    newId: () => `id-${(ids += 1)}`,
    reportUnknownBus: (region, name) => void unknown.push(`${region} ${name}`),
    reportRefused: (region, { eventBusName, source, detailType, error }) =>
      void refused.push([region, eventBusName, source, detailType, error.ErrorCode]),
    reportUnmatched: (region, name, { source }) => void unmatched.push(`${region} ${name} ${source}`),
  });
  const asked = traceHeader === undefined ? caller : { ...caller, traceHeader };
  const answer = async () => operation(readEventsInput('PutEvents', { Entries }), asked);
  return { answer, accepted, matched, unknown, unmatched, refused };
}

const entry = { Source: 'shop', DetailType: 'Order Placed', Detail: '{"order": 7}' };

test("an event has its members in EventBridge's order and contains the original text of its detail", async () => {
  const Detail = '{"n": 12345678901234567890, "x": 1.0,\n "b":"\\u00fc", "a":[]}';
  const { answer, accepted, matched } = putEvents([
    { ...entry, Detail, Time: 1_772_620_201.75, Resources: ['arn:a', 'arn:"b"'] },
  ]);
  expect(await answer()).toEqual({ FailedEntryCount: 0, Entries: [{ EventId: 'id-1' }] });
  expect(accepted).toEqual([
    {
      event: {
        id: 'id-1',
        region: 'eu-west-1',
        acceptedAtMs: nowMs,
        text: `{"version":"0","id":"id-1","detail-type":"Order Placed","source":"shop","account":"123456789012","time":"2026-03-04T10:30:01Z","region":"eu-west-1","resources":["arn:a","arn:\\"b\\""],"detail":${Detail}}`,
      },
      targets: [target],
    },
  ]);
  const text = accepted[0]?.event.text ?? '';
  expect(matched).toEqual([{ eventBusName: 'default', event: parseJsonExactly(text) }]);
});

test('an event without Time and Resources gets its time of arrival and an empty list', async () => {
  const { answer, matched } = putEvents([entry]);
  await answer();
  expect(matched[0]?.event).toMatchObject({ time: '2026-03-04T10:30:01Z', resources: [] });
});

test('PutEvents answers entries in order and accepts valid entries beside a refused one', async () => {
  const { answer, accepted } = putEvents([
    { DetailType: 'a', Detail: '{}' },
    entry,
    { Source: 'a', DetailType: '', Detail: '{}' },
    { Source: 'a', DetailType: 'a' },
    { ...entry, Detail: '{"a":' },
    { ...entry, Detail: '[]' },
    { ...entry, Detail: 'null' },
    { ...entry, Detail: '"text"' },
    { ...entry, Time: 1e300 },
    entry,
  ]);
  const required = (name: string) => ({
    ErrorCode: 'InvalidArgument',
    ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
  });
  const malformed = { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  expect(await answer()).toEqual({
    FailedEntryCount: 8,
    Entries: [
      required('Source'),
      { EventId: 'id-1' },
      required('DetailType'),
      required('Detail'),
      malformed,
      malformed,
      malformed,
      malformed,
      { ErrorCode: 'InvalidArgument', ErrorMessage: 'Parameter Time is not valid.' },
      { EventId: 'id-2' },
    ],
  });
  expect(accepted.map(({ event }) => event.id)).toEqual(['id-1', 'id-2']);
});

test('PutEvents refuses an event whose source begins with "aws." as an entry error, and accepts "aws" and "awsome.shop"', async () => {
  const { answer, accepted } = putEvents(['aws.s3', 'aws', 'awsome.shop'].map((Source) => ({ ...entry, Source })));
  expect(await answer()).toEqual({
    FailedEntryCount: 1,
    Entries: [
      { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' },
      { EventId: 'id-1' },
      { EventId: 'id-2' },
    ],
  });
  expect(accepted.map(({ event }) => event.id)).toEqual(['id-1', 'id-2']);
});

test('PutEvents accepts a DetailType of 128 characters and refuses a longer one as an entry error', async () => {
  const { answer, accepted } = putEvents([
    { ...entry, DetailType: 'x'.repeat(129) },
    { ...entry, DetailType: 'x'.repeat(128) },
  ]);
  const ErrorMessage = 'Parameter DetailType is not valid. Reason: DetailType must have at most 128 characters.';
  expect(await answer()).toEqual({
    FailedEntryCount: 1,
    Entries: [{ ErrorCode: 'InvalidArgument', ErrorMessage }, { EventId: 'id-1' }],
  });
  expect(accepted).toHaveLength(1);
});

test('PutEvents reports only the missing Source of an empty entry', async () => {
  const { answer } = putEvents([{}]);
  expect(await answer()).toMatchObject({ Entries: [{ ErrorMessage: expect.stringContaining('Parameter Source') }] });
});

test.each([
  ['orders', 'orders'],
  ['arn:aws:events:eu-west-1:123456789012:event-bus/orders', 'orders'],
  ['default', 'default'],
])('PutEvents accepts the EventBusName %s', async (EventBusName, eventBusName) => {
  const { answer, matched, unknown } = putEvents([{ ...entry, EventBusName }]);
  await answer();
  expect([matched[0]?.eventBusName, unknown]).toEqual([eventBusName, []]);
});

test.each([
  'other',
  'arn:aws:events:us-east-1:123456789012:event-bus/orders',
  'arn:aws:events:eu-west-1:999999999999:event-bus/orders',
])('PutEvents drops an event for the missing bus %s and reports it in the log of the stack', async (EventBusName) => {
  const { answer, accepted, unknown } = putEvents([{ ...entry, EventBusName }, entry]);
  expect(await answer()).toEqual({ FailedEntryCount: 0, Entries: [{ EventId: 'id-1' }, { EventId: 'id-2' }] });
  expect(accepted.map(({ targets }) => targets)).toEqual([[], [target]]);
  expect(unknown).toEqual([`eu-west-1 ${EventBusName}`]);
});

test('PutEvents reports each event that no rule with a target matches', async () => {
  const { answer, unknown, unmatched } = putEvents([{ ...entry, Source: 'nobody' }, entry]);
  expect(await answer()).toMatchObject({ FailedEntryCount: 0 });
  expect([unknown, unmatched]).toEqual([[], ['eu-west-1 default nobody']]);
});

/** Entries whose sizes add up to this many bytes. */
function ofBytes(bytes: number, more: JsonObject = {}): JsonObject[] {
  const half = bytes / 2;
  const rest = 'shop'.length + 'Order Placed'.length + '{"a":""}'.length;
  return [0, 1].map(() => ({ ...entry, Detail: `{"a":"${'x'.repeat(half - rest)}"}`, ...more }));
}

const overTheLimit = 'Total size of the entries in the request is over the limit.';

test('PutEvents refuses entries of more than 1 MiB in total', async () => {
  expect(await putEvents(ofBytes(1_048_576)).answer()).toMatchObject({ FailedEntryCount: 0 });
  const { answer, accepted } = putEvents(ofBytes(1_048_578));
  await expect(answer()).rejects.toMatchObject({ code: 'ValidationException', message: overTheLimit });
  expect(accepted).toEqual([]);
});

test('the size of an entry counts 14 bytes for its Time and the UTF-8 bytes of its Resources', async () => {
  expect(await putEvents(ofBytes(1_048_576 - 28, { Time: 1 })).answer()).toMatchObject({ FailedEntryCount: 0 });
  await expect(putEvents(ofBytes(1_048_576 - 26, { Time: 1 })).answer()).rejects.toThrow(overTheLimit);
  expect(await putEvents(ofBytes(1_048_576 - 8, { Resources: ['üü'] })).answer()).toMatchObject({
    FailedEntryCount: 0,
  });
  await expect(putEvents(ofBytes(1_048_576 - 6, { Resources: ['üü'] })).answer()).rejects.toThrow(overTheLimit);
});

test.each([
  ['no', []],
  ['eleven', Array.from({ length: 11 }, () => entry)],
] as const)('PutEvents refuses a request with %s entries', async (_count, all) => {
  await expect(putEvents(all).answer()).rejects.toMatchObject({ code: 'ValidationException' });
});

const ofEntry = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
const ofRequest = 'Root=1-67891233-abcdef012345678912345678;Sampled=0';

test("the trace of an event is its entry's TraceHeader, or else the header of the request", async () => {
  const { answer, accepted } = putEvents([{ ...entry, TraceHeader: ofEntry }, entry], ofRequest);
  await answer();
  expect(accepted.map(({ event }) => event.traceHeader)).toEqual([ofEntry, ofRequest]);
});

test('an event with a malformed TraceHeader is accepted without a trace', async () => {
  const { answer, accepted } = putEvents([{ ...entry, TraceHeader: 'Root=1-2-3' }]);
  expect(await answer()).toMatchObject({ FailedEntryCount: 0 });
  expect(accepted[0]?.event).not.toHaveProperty('traceHeader');
});

test('PutEvents reports a refused entry with the members that it has, and its error code', async () => {
  const { answer, refused } = putEvents([
    entry,
    { ...entry, Detail: '[]' },
    { Source: 'a', EventBusName: 'orders', Detail: '{}' },
  ]);
  await answer();
  expect(refused).toEqual([
    ['eu-west-1', 'default', 'shop', 'Order Placed', 'MalformedDetail'],
    ['eu-west-1', 'orders', 'a', undefined, 'InvalidArgument'],
  ]);
});
