import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fateOfNewer } from '../../../../lib/core/message/newer-version.ts';
import { formatQueuedDelivery } from '../../../../lib/core/message/queued-delivery.ts';
import { deliveryOf } from '../../delivery/outcomes.ts';

const nowMs = Date.UTC(2026, 0, 2);
const dayMs = 86_400_000;
const fateOf = (LASTMILE: string) => fateOfNewer({ body: 'anything', attributes: { LASTMILE } }, nowMs);
const fateAt = (firstReceivedAt: unknown) => fateOf(JSON.stringify({ v: 2, firstReceivedAt, later: {} }));

describe('a message of a newer version', () => {
  test('a message of a newer version is sent back until it is 24 h old, and then dead-lettered', () => {
    expect(fateAt(nowMs)).toBe('send back');
    expect(fateAt(nowMs - dayMs)).toBe('send back');
    expect(fateAt(nowMs - dayMs - 1)).toBe('dead-letter');
  });

  test('a message of a newer version is sent back when its first-received time is up to a minute ahead', () => {
    expect(fateAt(nowMs + 60_000)).toBe('send back');
    expect(fateAt(nowMs + 60_001)).toBe('return');
  });

  test.each([undefined, null, '7', -1, {}])(
    "a message of a newer version with the first-received time %j is left to the queue's redrive policy",
    (time) => {
      expect(fateAt(time)).toBe('return');
    },
  );

  test('a message holds its first-received time in the member that newer versions use too', () => {
    const { attributes } = formatQueuedDelivery({ delivery: deliveryOf({ firstReceivedAtMs: 7 }) });
    expect(JSON.parse(attributes['LASTMILE'] ?? '')).toMatchObject({ v: 1, firstReceivedAt: 7 });
  });

  test('no content of a message of a newer version makes a worker fail', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(fateOf(text)).toMatch(/^(send back|bury|return)$/);
      }),
    );
  });
});
