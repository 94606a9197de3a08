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
  test('is sent back until it is 24 h old, and buried then', () => {
    expect(fateAt(nowMs)).toBe('send back');
    expect(fateAt(nowMs - dayMs)).toBe('send back');
    expect(fateAt(nowMs - dayMs - 1)).toBe('dead-letter');
  });

  test('may come from a clock that is a minute ahead', () => {
    expect(fateAt(nowMs + 60_000)).toBe('send back');
    expect(fateAt(nowMs + 60_001)).toBe('return');
  });

  test.each([undefined, null, '7', -1, {}])('that says %j of its age is left to the count of receives', (time) => {
    expect(fateAt(time)).toBe('return');
  });

  test('has its age where every version has it', () => {
    const { attributes } = formatQueuedDelivery({ delivery: deliveryOf({ firstReceivedAtMs: 7 }) });
    expect(JSON.parse(attributes['LASTMILE'] ?? '')).toMatchObject({ v: 1, firstReceivedAt: 7 });
  });

  test('never makes its worker fail, whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(fateOf(text)).toMatch(/^(send back|bury|return)$/);
      }),
    );
  });
});
