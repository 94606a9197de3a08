import { expect, test } from 'vitest';
import { runOrderedTrial } from '../../../soak/ordered-trial.ts';
import { ownFolder } from '../../fixtures/stack.ts';

test('ordered events arrive in order and completely although requests fail and the stack is killed, and hold neither other groups nor events without order', async () => {
  const sizes = { groups: 8, eventsPerGroup: 8, kills: 1, plainAlone: 0, plainEveryMs: 200 };
  const aborting = new AbortController().signal;
  const result = await runOrderedTrial({
    seed: 20_260_101,
    ...sizes,
    dataDir: ownFolder(),
    limitMs: 100_000,
    aborting,
  });
  expect(result.faults).toEqual([]);
  expect(result).toMatchObject({ arrived: 64, kills: 1, errors: [] });
  expect(result.failures).toBeGreaterThan(10);
}, 120_000);
