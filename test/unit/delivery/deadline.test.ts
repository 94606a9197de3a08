import { describe, expect, test } from 'vitest';
import { requireTime, withDeadline } from '../../../lib/delivery/deadline.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

describe('a deadline', () => {
  test('a deadline allows a request whose timeout ends exactly 5 s before the end of the invocation', async () => {
    const clock = createManualClock();
    await withDeadline(clock, 10_000, async (deadline) => {
      expect(() => requireTime(deadline, 5000, clock.nowMs())).not.toThrow();
    });
  });

  test('a deadline refuses a request whose timeout ends less than 5 s before the end of the invocation', async () => {
    const clock = createManualClock();
    await withDeadline(clock, 10_000, async (deadline) => {
      expect(() => requireTime(deadline, 5001, clock.nowMs())).toThrow(
        expect.objectContaining({ code: 'OutOfTime', message: expect.stringContaining('5001 ms') }),
      );
    });
  });

  test('a deadline aborts its signal with OutOfTime 5 s before the end of the invocation', async () => {
    const clock = createManualClock();
    await withDeadline(clock, 12_000, async (deadline) => {
      await clock.advance(6999);
      expect(deadline.signal.aborted).toBe(false);
      await clock.advance(1);
      expect(deadline.signal.reason).toMatchObject({ code: 'OutOfTime' });
    });
  });

  test('the signal of an invocation with no time to settle its messages is aborted from the start', async () => {
    const clock = createManualClock();
    await withDeadline(clock, 3000, async (deadline) => {
      await clock.advance(0);
      expect(deadline.signal.aborted).toBe(true);
    });
  });

  test('a deadline leaves no timer behind when its work is done', async () => {
    const clock = createManualClock();
    const signal = await withDeadline(clock, 60_000, async (deadline) => deadline.signal);
    await clock.advance(120_000);
    expect(signal.aborted).toBe(false);
  });
});
