import { expect, test } from 'vitest';
import { formatConclusion } from '../../../../lib/adapters/log/json-lines.ts';
import type { AttemptResult } from '../../../../lib/delivery/attempt.ts';
import { createWorker } from '../worker.ts';
import { delivered, failedForNow, rejected } from '../outcomes.ts';

test.each<[string, AttemptResult]>([
  ['delivered', delivered],
  ['deferred', failedForNow()],
  ['dead-lettered', rejected],
])('the log line of a %s event says how many events its request had', async (outcome, result) => {
  const { invoke } = createWorker(() => ({ ...result, batchSize: 10 }) as AttemptResult);
  const [conclusion = expect.fail('The event has a conclusion.')] = await invoke({
    apiDestination: 'orders',
    event: {},
  });
  expect(JSON.parse(formatConclusion(conclusion))).toMatchObject({ outcome, batchSize: 10 });
});

test('the log line of an event with a request of its own has no batchSize', async () => {
  const [conclusion] = await createWorker().invoke({ apiDestination: 'orders', event: {} });
  expect(conclusion).not.toHaveProperty('batchSize');
});
