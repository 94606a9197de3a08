import { beforeEach, expect, test } from 'vitest';
import { Intake } from '../../../../lib/local/stack/intake.ts';
import { createManualClock, type ManualClock } from '../../../fakes/manual-clock.ts';

let clock: ManualClock;
let intake: Intake;
let behind: number;
let utilization: number;
let begun: string[];

beforeEach(() => {
  clock = createManualClock();
  [behind, utilization, begun] = [0, 1, []];
  intake = new Intake({ clock, behind: () => behind, utilization: () => utilization });
});

async function call(name: string, events = 10): Promise<void> {
  await intake.turn(events);
  begun.push(name);
  behind += events;
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 2) await clock.advance(2);
}

test('a call goes on at once while few events wait for their delivery', () => {
  behind = 49;
  expect(intake.turn(1)).toBeUndefined();
});

test('calls of a busy stack wait until deliveries have begun, and go on in their order', async () => {
  behind = 50;
  void call('first');
  void call('second');
  await pass(100);
  expect(begun).toEqual([]);
  behind = 49;
  await pass(2);
  expect(begun).toEqual(['first']);
  behind = 30;
  await pass(2);
  expect(begun).toEqual(['first', 'second']);
});

test('a call that arrives while others wait does not overtake them', async () => {
  behind = 50;
  void call('first');
  behind = 0;
  void call('second');
  expect(begun).toEqual([]);
  await pass(2);
  expect(begun).toEqual(['first', 'second']);
});

test('the events of one turn count together, so that a burst is not accepted at once', async () => {
  behind = 50;
  for (const name of ['one', 'two', 'three', 'four']) void call(name, 20);
  behind = 10;
  await pass(2);
  expect(begun).toEqual(['one', 'two']);
});

test('a call goes on at once while deliveries wait without using the process', () => {
  behind = 5000;
  utilization = 0.39;
  expect(intake.turn(10)).toBeUndefined();
});

test('a waiting call goes on as soon as deliveries no longer use the process', async () => {
  behind = 5000;
  void call('first');
  await pass(50);
  expect(begun).toEqual([]);
  utilization = 0.39;
  await pass(2);
  expect(begun).toEqual(['first']);
});

test('a call waits for at most half a second', async () => {
  behind = 5000;
  void call('first');
  await pass(498);
  expect(begun).toEqual([]);
  await pass(2);
  expect(begun).toEqual(['first']);
});

test('a stack that stops lets all calls go on, also later ones', async () => {
  behind = 5000;
  void call('first');
  intake.stop();
  expect(intake.turn(1)).toBeUndefined();
  await clock.advance(0);
  expect(begun).toEqual(['first']);
});

test('the stack looks at the clock only while calls wait', async () => {
  behind = 50;
  void call('first');
  expect(clock.sleeperCount()).toBe(1);
  behind = 0;
  await pass(2);
  expect([begun, clock.sleeperCount()]).toEqual([['first'], 0]);
});
