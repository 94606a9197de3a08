import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Conclusion } from '../../../lib/core/delivery/delivery.ts';
import { formatQueuedDelivery } from '../../../lib/core/message/queued-delivery.ts';
import { createWorker, raw } from './worker.ts';

/* Each sample of test/events/senders, through both doors. A row has the end of the id of each delivered event. */

const folder = join(import.meta.dirname, '..', '..', 'events', 'senders');

interface Expected {
  readonly name: string;
  /** For a function with an API destination of its own. */
  readonly own: readonly string[];
  /** For a function without one. */
  readonly named: readonly string[];
}

const samples: readonly Expected[] = [
  { name: 'subscriber-raw-single', own: ['101'], named: ['dead'] },
  { name: 'subscriber-raw', own: ['102', '103', 'none', 'none'], named: ['dead', 'dead', 'dead', 'dead'] },
  { name: 'subscriber-with-metadata-single', own: ['101'], named: ['dead'] },
  { name: 'subscriber-with-metadata', own: ['102', '103', '104', '105'], named: ['dead', 'dead', 'dead', 'dead'] },
  { name: 'subscriber-jsonata-single', own: ['dead'], named: ['101'] },
  { name: 'subscriber-jsonata', own: ['dead', 'dead', 'none'], named: ['102', '103', 'dead'] },
  { name: 'pipe-sqs', own: ['101', '102', '103'], named: ['dead', 'dead', 'dead'] },
  { name: 'pipe-sqs-envelopes', own: ['dead', 'dead'], named: ['101', '102'] },
  { name: 'pipe-kinesis', own: ['451', '452'], named: ['dead', 'dead'] },
  { name: 'pipe-dynamodb', own: ['201', '202'], named: ['dead', 'dead'] },
  { name: 'pipe-kafka', own: ['-15', '-16'], named: ['dead', 'dead'] },
  { name: 'scheduler', own: ['101'], named: ['dead'] },
  { name: 'scheduler-envelope', own: ['dead'], named: ['none'] },
  { name: 'step-functions', own: ['dead'], named: ['none'] },
  { name: 'sns', own: ['101'], named: ['dead'] },
  { name: 'sns-through-sqs', own: ['101'], named: ['dead'] },
  { name: 'sqs', own: ['101', '102'], named: ['dead', 'dead'] },
];

const rows = samples.flatMap(({ name, own, named }) => [
  { name, apiDestination: 'orders', what: 'an API destination of its own', expected: own },
  { name, apiDestination: undefined, what: 'no API destination of its own', expected: named },
]);

function endOf({ settlement, eventId = '' }: Conclusion): string {
  if (settlement.kind === 'dead-lettered') return 'dead';
  return eventId === '' ? 'none' : eventId.slice(-3);
}

const textOf = (name: string) => readFileSync(join(folder, `${name}.json`), 'utf8');

test('every file in test/events/senders is tested', () => {
  const files = readdirSync(folder).map((file) => file.replace('.json', ''));
  expect(samples.map(({ name }) => name).toSorted()).toEqual(files.toSorted());
});

describe('what other senders send', () => {
  test.each(rows)('deliver with $what delivers or dead-letters each event of $name alone', async (row) => {
    const { invoke, deadLetters } = createWorker(undefined, undefined, undefined, undefined, row.apiDestination);
    const conclusions = await invoke(JSON.parse(textOf(row.name)));
    expect(conclusions.map(endOf)).toEqual(row.expected);
    expect(deadLetters.letters).toHaveLength(row.expected.filter((each) => each === 'dead').length);
  });

  test.each(rows)('a delivery queue with $what delivers or dead-letters each event of $name alone', async (row) => {
    const worker = createWorker(undefined, undefined, undefined, undefined, row.apiDestination);
    expect(await worker.run([raw('m', { body: textOf(row.name), attributes: {} })])).toEqual([]);
    const own = worker.queue.sent.map(({ queued }, index) => raw(`own-${index}`, formatQueuedDelivery(queued)));
    expect(await worker.run(own)).toEqual([]);
    const ends = worker.conclusions.filter(({ settlement }) => settlement.kind !== 'deferred').map(endOf);
    expect(ends.toSorted()).toEqual(row.expected.toSorted());
  });
});
