import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import { createManualClock } from '../fakes/manual-clock.ts';

const subjects: readonly { subject: string; create: () => { clock: Clock; pass: (byMs: number) => Promise<void> } }[] =
  [
    {
      subject: 'the system clock',
      create: () => ({ clock: systemClock, pass: async () => {} }),
    },
    {
      subject: 'the manual clock',
      create() {
        const clock = createManualClock();
        return { clock, pass: (byMs) => clock.advance(byMs) };
      },
    },
  ];

describe.each(subjects)('$subject', ({ create }) => {
  test('a delay ends after its time has passed', async () => {
    const { clock, pass } = create();
    const delayed = clock.delay(5).then(() => 'over');
    await pass(5);
    expect(await delayed).toBe('over');
  });

  test("an aborted delay rejects with the signal's own reason", async () => {
    const { clock } = create();
    const abort = new AbortController();
    const delayed = clock.delay(3_600_000, abort.signal);
    const reason = new Error('out of time');
    abort.abort(reason);
    await expect(delayed).rejects.toBe(reason);
  });

  test('a delay that has ended leaves no listener on its signal', async () => {
    const { clock, pass } = create();
    const { signal } = new AbortController();
    const delayed = clock.delay(5, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await pass(5);
    await delayed;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('a delay fails at once when its signal has already aborted', async () => {
    const { clock } = create();
    const reason = new Error('out of time');
    await expect(clock.delay(3_600_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
