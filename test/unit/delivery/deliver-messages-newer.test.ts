import { describe, expect, test } from 'vitest';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { delivered } from './outcomes.ts';
import { createWorker, handles, message, raw } from './worker.ts';

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);

/** A message in a format that this version does not know. */
function newer(id: string, firstReceivedAt: number | undefined, receiveCount = 1) {
  const LASTMILE = JSON.stringify({ v: 2, firstReceivedAt, target: ['canary'] });
  return raw(id, { body: 'canary', attributes: { LASTMILE, LASTMILE_BODY: 'zstd' } }, receiveCount);
}

describe('a message that only a newer worker can read', () => {
  test('a message that only a newer worker can read is sent back to the queue unchanged, and then counts as settled', async () => {
    // The other message is still under way when the code for messages of newer versions has been loaded.
    const newerIsSettled = Promise.withResolvers<void>();
    const { run, attempted, rawMessages, conclusions, received, clock } = createWorker(async () => {
      await newerIsSettled.promise;
      return delivered;
    });
    const sent = newer('new', startMs);
    const sendBack = rawMessages.sendBack.bind(rawMessages);
    Object.assign(rawMessages, {
      async sendBack(raw: typeof sent.raw) {
        setImmediate(newerIsSettled.resolve);
        return sendBack(raw);
      },
    });
    expect(await run([sent, message('a')])).toEqual([]);
    expect(rawMessages.sentBack).toEqual([sent.raw]);
    expect(attempted).toEqual(['a']);
    expect(received.removed).toContain(handles('new')[0]);
    const settlement = { kind: 'deferred', notBeforeMs: clock.nowMs() + 900_000 };
    const line = { settlement, code: 'NewerVersion', waitsFor: 'newer-version' };
    expect(conclusions).toContainEqual(expect.objectContaining(line));
  });

  test('a message that only a newer worker can read is sent back even at its last allowed receive', async () => {
    const { run, rawMessages, deadLetters } = createWorker();
    expect(await run([newer('new', startMs, 9)])).toEqual([]);
    expect(rawMessages.sentBack).toHaveLength(1);
    expect(deadLetters.letters).toEqual([]);
  });

  test('a message that only a newer worker can read is dead-lettered unchanged after the longest age limit', async () => {
    const { run, rawMessages, conclusions, deadLetters } = createWorker();
    const sent = newer('new', startMs - dayMs - 1);
    expect(await run([sent])).toEqual([]);
    expect(rawMessages.buried).toMatchObject([{ body: 'canary', attributes: sent.raw.attributes }]);
    expect(rawMessages.sentBack).toEqual([]);
    expect(deadLetters.letters).toEqual([]);
    expect(conclusions).toMatchObject([{ settlement: { kind: 'dead-lettered' }, code: 'NewerVersion' }]);
  });

  test('a message that only a newer worker can read is received again when its age is unknown', async () => {
    const { run, rawMessages } = createWorker();
    expect(await run([newer('new', undefined)])).toEqual(['new']);
    expect([...rawMessages.sentBack, ...rawMessages.buried]).toEqual([]);
  });

  test.each([new Failure('StoreUnavailable', 'injected'), new TypeError('a bug')])(
    'a message that only a newer worker can read is received again when sending it back fails with %s',
    async (error) => {
      const { run, rawMessages, received } = createWorker();
      rawMessages.failWith(error);
      expect(await run([newer('new', startMs), newer('old', 1), message('a')])).toEqual(['new', 'old']);
      expect(received.removed).toEqual(handles('a'));
    },
  );
});
