import { describe, expect, test } from 'vitest';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { maximumReceives } from '../../../lib/core/message/queued-delivery.ts';
import type { AttemptResult } from '../../../lib/delivery/attempt.ts';
import { createInMemoryReceivedMessages } from '../../fakes/in-memory-received-messages.ts';
import { createWorker, handles, message, raw } from './worker.ts';
import { delivered, failedForNow } from './outcomes.ts';

describe('a poisoned message', () => {
  test('a message that triggers a bug is the only one of its batch that is received again, and it is logged', async () => {
    const bug = new TypeError('x is not a function');
    const { run, conclusions } = createWorker((id) => {
      if (id === 'poison') throw bug;
      return delivered;
    });
    expect(await run([message('a'), message('poison'), message('b')])).toEqual(['poison']);
    expect(conclusions.find(({ eventId }) => eventId === 'poison')).toMatchObject({
      code: 'Unexpected',
      settlement: { kind: 'returned', error: bug },
    });
  });

  test('a message whose request hangs is deferred at the deadline, after the other messages were deleted', async () => {
    const { run, clock, settled, received, queue } = createWorker(async (id, { signal }) => {
      if (id !== 'hangs') return delivered;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return failedForNow();
    });
    const running = run([message('a'), message('hangs'), message('b')]);
    await settled();
    expect(received.removed).toEqual(handles('a', 'b'));
    await clock.advance(55_000);
    expect(await running).toEqual([]);
    expect(queue.sent).toMatchObject([{ queued: { delivery: { event: { value: { id: 'hangs' } }, attempts: 1 } } }]);
  });

  test('the other messages of a batch are deleted even when the work for one message never ends', async () => {
    const { run, settled, received } = createWorker((id) => (id === 'dead' ? new Promise(() => undefined) : delivered));
    void run([message('a'), message('dead'), message('b')]);
    await settled();
    expect(received.removed).toEqual(handles('a', 'b'));
  });
});

describe('a message that is received again', () => {
  test('a message that is received again is processed alone, after all new messages', async () => {
    const gates = new Map(
      ['new-1', 'new-2', 'old-1', 'old-2'].map((id) => [id, Promise.withResolvers<AttemptResult>()]),
    );
    const { run, settled, attempted, received } = createWorker((id) => gates.get(id)?.promise ?? delivered);
    const again = { receiveCount: 2 };
    const running = run([message('old-1', again), message('new-1'), message('old-2', again), message('new-2')]);
    const finish = async (id: string) => {
      gates.get(id)?.resolve(delivered);
      await settled();
    };
    await settled();
    expect(attempted).toEqual(['new-1', 'new-2']);
    await finish('new-1');
    expect(attempted).toEqual(['new-1', 'new-2']);
    await finish('new-2');
    expect(attempted).toEqual(['new-1', 'new-2', 'old-1']);
    expect(received.removed).toEqual(handles('new-1', 'new-2'));
    await finish('old-1');
    expect(attempted).toEqual(['new-1', 'new-2', 'old-1', 'old-2']);
    expect(received.removed).toEqual(handles('new-1', 'new-2', 'old-1'));
    await finish('old-2');
    expect(await running).toEqual([]);
  });

  test('settled messages that wait for others are deleted before a message that is received again is processed', async () => {
    const received = createInMemoryReceivedMessages(true);
    const removedBefore: (readonly string[])[] = [];
    const attempting = () => {
      removedBefore.push([...received.removed]);
      return delivered;
    };
    const { run } = createWorker(attempting, undefined, undefined, received);
    const again = { receiveCount: 2 };
    await run([message('new-1'), message('new-2'), message('old-1', again), message('old-2', again)]);
    const both = handles('new-1', 'new-2');
    expect(removedBefore).toEqual([[], [], both, [...both, handles('old-1')[0]]]);
  });

  test('a message that is received again is processed even if the previous message failed', async () => {
    const { run } = createWorker((id) => {
      if (id === 'bad') throw new TypeError('a bug');
      return delivered;
    });
    const again = { receiveCount: 3 };
    expect(await run([message('bad', again), message('good', again)])).toEqual(['bad']);
  });

  test('messages that are received again are processed in random order, so that a fatal one is not always first', async () => {
    const numbers = [0.9, 0.1, 0.5];
    const { run, attempted } = createWorker(undefined, () => numbers.shift() ?? 0);
    const again = { receiveCount: 2 };
    await run([message('a', again), message('b', again), message('c', again)]);
    expect(attempted).toEqual(['b', 'c', 'a']);
  });
});

describe('a message before its last receive', () => {
  const last = maximumReceives - 1;

  test('a message is still attempted two receives before its last allowed receive', async () => {
    const { run, attempted, deadLetters } = createWorker();
    expect(await run([message('a', { receiveCount: last - 1 })])).toEqual([]);
    expect([attempted, deadLetters.letters]).toEqual([['a'], []]);
  });

  test.each([last, last + 1, 1000])(
    'a message in receive %d of ten goes to the dead letters without another attempt',
    async (receiveCount) => {
      const { run, attempted, deadLetters, conclusions } = createWorker();
      const rule = 'arn:aws:events:us-east-1:123456789012:rule/r';
      expect(await run([message('a', { receiveCount, attempts: 4, rule, target: { Id: 't' } })])).toEqual([]);
      expect(attempted).toEqual([]);
      expect(deadLetters.letters).toMatchObject([
        {
          body: '{"id":"a"}',
          code: 'ReceivedTooOften',
          reason: `The message was received ${receiveCount} times, and no worker finished it.`,
          delivery: { attempts: 4, rule, target: { Id: 't' } },
        },
      ]);
      expect(conclusions).toMatchObject([{ eventId: 'a', code: 'ReceivedTooOften', attempts: 4 }]);
    },
  );

  test('a message close to its last allowed receive is received again when the dead letters do not accept it', async () => {
    const { run, deadLetters } = createWorker();
    deadLetters.failWith(new Failure('StoreUnavailable', 'injected'));
    expect(await run([message('a', { receiveCount: last })])).toEqual(['a']);
  });

  test('SQS itself moves an unreadable message of a newer version to the dead letters, so that its content is kept', async () => {
    const { run, deadLetters } = createWorker();
    const newer = { body: '{}', attributes: { LASTMILE: '{"v":2,"apiDestination":"orders"}' } };
    expect(await run([raw('newer', newer, last)])).toEqual(['newer']);
    expect(deadLetters.letters).toEqual([]);
  });
});
