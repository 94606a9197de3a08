import { describe, expect, test } from 'vitest';
import { Turns } from '../../../lib/adapters/jsonata/turns.ts';

interface Work {
  readonly tookMs: number;
}

function setUp() {
  const turns = new Turns<Work>();
  const add = (destination: string, ...times: readonly number[]) => {
    for (const tookMs of times) turns.add(destination, { tookMs });
  };
  /** The destinations of the next turns, in order. */
  const take = (most = Number.POSITIVE_INFINITY): readonly string[] => {
    const taken: string[] = [];
    while (taken.length < most) {
      const turn = turns.next();
      if (turn === undefined) break;
      taken.push(turn.destination);
      turns.end(turn.destination, turn.work.tookMs);
    }
    return taken;
  };
  return { turns, add, take };
}

describe('turns', () => {
  test('destinations whose work takes the same time take turns one after the other', () => {
    const { add, take } = setUp();
    add('a', 5, 5, 5);
    add('b', 5, 5);
    add('c', 5);
    expect(take()).toEqual(['a', 'b', 'c', 'a', 'b', 'a']);
  });

  test('a destination whose work took long has no turn until the others have used as much time', () => {
    const { add, take } = setUp();
    add('slow', 30, 30);
    add('fast', 10, 10, 10, 10, 10);
    expect(take()).toEqual(['slow', 'fast', 'fast', 'fast', 'slow', 'fast', 'fast']);
  });

  test('the time that a destination has used counts also for work that comes when its line was empty', () => {
    const { add, take } = setUp();
    add('slow', 30);
    add('fast', 10, 10, 10, 10);
    expect(take(2)).toEqual(['slow', 'fast']);
    add('slow', 30);
    expect(take()).toEqual(['fast', 'fast', 'slow', 'fast']);
  });

  test('a destination that had nothing to do gets no credit for that time', () => {
    const { add, take } = setUp();
    add('old', 30, 30, 30);
    expect(take(2)).toEqual(['old', 'old']);
    add('new', 30, 30, 30);
    expect(take()).toEqual(['new', 'old', 'new', 'new']);
  });

  test('a destination that is alone has its turns at once, however much time it has used', () => {
    const { add, take } = setUp();
    add('slow', 1000);
    add('fast', 1);
    expect(take()).toEqual(['slow', 'fast']);
    add('slow', 1000, 1000);
    expect(take()).toEqual(['slow', 'slow']);
  });

  test('work that was removed has no turn', () => {
    const { turns, add, take } = setUp();
    const removed = { tookMs: 1 };
    turns.add('a', removed);
    add('b', 1);
    turns.remove('a', removed);
    turns.remove('c', removed);
    expect(take()).toEqual(['b']);
  });
});
