import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../lib/core/input/json.ts';
import { isJsonObject } from '../../../lib/core/input/json.ts';
import { parseDelivery } from '../../../lib/core/message/parse-delivery.ts';

const folder = join(import.meta.dirname, '..', '..', 'events');
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
const samples = names.map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

/** The members of every event, in their documented order. Source: EventBridge user guide, events structure reference. */
const members = ['version', 'id', 'detail-type', 'source', 'account', 'time', 'region', 'resources', 'detail'];

describe('the sample events', () => {
  test('there are sample events of the most common kinds', () => {
    expect(names).toEqual(
      expect.arrayContaining([
        'codepipeline-execution-state-change.json',
        'custom-order-placed.json',
        'ec2-instance-state-change.json',
        'envelope-http-parameters.json',
        'envelope-input-transformer.json',
        'large-200-kb.json',
        's3-object-created.json',
        'scheduled-event.json',
        'sqs-batch.json',
        'unicode.json',
      ]),
    );
  });

  test.for(samples)('every event of $name has the members that EventBridge documents', ({ text }) => {
    const events = eventsIn(JSON.parse(text));
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      expect(Object.keys(event)).toEqual(members);
      expect(event).toMatchObject({
        version: '0',
        id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        'detail-type': expect.stringMatching(/./),
        source: expect.stringMatching(/^[a-z0-9.-]+$/),
        account: '123456789012',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        region: 'us-east-1',
        detail: expect.any(Object),
      });
      expect(event['resources']).toSatisfy((resources: unknown) => Array.isArray(resources));
    }
  });

  test('no two sample events have the same id, because the Idempotency-Key contains it', () => {
    const ids = samples.flatMap(({ text }) => eventsIn(JSON.parse(text)).map((event) => event['id']));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.for(samples.filter(({ name }) => /^(envelope|sqs)/.test(name)))(
    'deliver accepts every envelope of $name',
    ({ text }) => {
      const deliveries = envelopesIn(JSON.parse(text)).map((envelope) =>
        parseDelivery(envelope, { apiDestination: undefined, nowMs: 0 }),
      );
      expect(deliveries.map(({ apiDestination }) => apiDestination)).toContain('orders');
    },
  );

  test('the large event has about 200 KB and stays below the 256 KiB of an asynchronous invocation', () => {
    const size = readFileSync(join(folder, 'large-200-kb.json')).byteLength;
    expect(size).toBeGreaterThanOrEqual(200_000);
    expect(size).toBeLessThan(256 * 1024);
  });
});

function eventsIn(input: JsonValue): readonly JsonObject[] {
  if (!isJsonObject(input)) return [];
  if ('detail-type' in input) return [input];
  return envelopesIn(input).flatMap(({ event }) => (isJsonObject(event) ? [event] : []));
}

function envelopesIn(input: JsonValue): readonly JsonObject[] {
  if (!isJsonObject(input)) return [];
  const records = input['Records'];
  if (!Array.isArray(records)) return [input];
  return records.map((record: JsonObject) => JSON.parse(String(record['body'])) as JsonObject);
}
