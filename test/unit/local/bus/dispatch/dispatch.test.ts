import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { Dispatcher } from '../../../../../lib/local/bus/dispatch/dispatch.ts';
import { EventStore, type MatchedEvent, type StoredDispatch } from '../../../../../lib/local/bus/store/event-store.ts';
import { createManualClock } from '../../../../fakes/manual-clock.ts';

function matched(id: string, ...targets: readonly string[]): MatchedEvent {
  const event = { id, region: 'eu-west-1', text: `{"id":"${id}"}`, acceptedAtMs: 1 };
  return { event, targets: targets.map((target) => ({ ruleArn: `rule-of-${target}`, target })) };
}

const nameOf = ({ event, target }: StoredDispatch) => `${event.id} to ${target}`;

/** Lets all pending callbacks run. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

function createWorld(send: (dispatch: StoredDispatch) => Promise<void>, database = new DatabaseSync(':memory:')) {
  const faults: string[] = [];
  const clock = createManualClock();
  const store = new EventStore(database);
  const reportFault = (where: string, error: unknown): void => void faults.push(`${where}: ${String(error)}`);
  return { database, clock, store, faults, dispatcher: new Dispatcher({ store, send, clock, reportFault }) };
}

test('the dispatcher sends an event once to each of its targets and then deletes it', async () => {
  const sent: StoredDispatch[] = [];
  const { dispatcher, database, store } = createWorld(async (dispatch) => void sent.push(dispatch));
  dispatcher.accept([matched('e-1', 'a', 'b'), matched('e-2', 'a'), matched('e-3')]);
  expect(sent).toEqual([]);
  await settled();
  expect(sent.map(nameOf)).toEqual(['e-1 to a', 'e-1 to b', 'e-2 to a']);
  expect(sent[0]).toMatchObject({ ruleArn: 'rule-of-a', event: matched('e-1').event });
  expect(store.pending()).toEqual([]);
  expect(database.prepare('SELECT id FROM bus_events').all()).toEqual([]);
});

test('the dispatcher also sends events that are accepted while it sends others', async () => {
  const sent: string[] = [];
  const { dispatcher } = createWorld(async (dispatch) => {
    if (sent.push(nameOf(dispatch)) === 1) dispatcher.accept([matched('e-2', 'a')]);
  });
  dispatcher.accept([matched('e-1', 'a')]);
  await settled();
  expect(sent).toEqual(['e-1 to a', 'e-2 to a']);
});

test('an event that no target had accepted when the process ended is dispatched by the next process', async () => {
  const never = createWorld(() => new Promise(() => undefined));
  never.dispatcher.accept([matched('e-1', 'a')]);
  await settled();
  await never.dispatcher.stop(Promise.resolve());
  const sent: string[] = [];
  const next = createWorld(async (dispatch) => void sent.push(nameOf(dispatch)), never.database);
  next.dispatcher.start();
  await settled();
  expect([sent, next.store.pending()]).toEqual([['e-1 to a'], []]);
});

test('a target that cannot be reached does not delay other targets', async () => {
  const sent: string[] = [];
  let isDown = true;
  const { dispatcher, clock, faults, store } = createWorld(async (dispatch) => {
    sent.push(nameOf(dispatch));
    if (isDown && dispatch.target === 'a') throw new Error('down');
  });
  dispatcher.accept([matched('e-1', 'a', 'b')]);
  await settled();
  expect(sent).toEqual(['e-1 to a', 'e-1 to b']);
  await clock.advance(999);
  await settled();
  expect(sent).toHaveLength(2);
  await clock.advance(1);
  await settled();
  expect(sent).toHaveLength(3);
  isDown = false;
  await clock.advance(2000);
  await settled();
  expect(sent).toHaveLength(4);
  expect([faults, store.pending()]).toEqual([['the local bus: Error: down'], []]);
});

test('a stopped dispatcher leaves to the next process the events that it could not send in time', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sent: string[] = [];
  const { dispatcher, store } = createWorld((dispatch) => {
    sent.push(nameOf(dispatch));
    return promise;
  });
  dispatcher.accept([matched('e-1', 'a')]);
  await settled();
  await dispatcher.stop(Promise.resolve());
  dispatcher.accept([matched('e-2', 'a')]);
  resolve();
  await settled();
  expect(sent).toEqual(['e-1 to a']);
  expect(store.pending()).toHaveLength(2);
});

test('the dispatcher stores none of several events when one of them cannot be stored', () => {
  const { store, database } = createWorld(async () => undefined);
  expect(() => store.add([matched('e-1', 'a'), matched('e-1', 'b')])).toThrow(/UNIQUE/);
  expect([store.pending(), database.prepare('SELECT * FROM bus_events').all()]).toEqual([[], []]);
});

test('an event is dispatched with its trace, which the store forgets with the event', async () => {
  const sent: StoredDispatch[] = [];
  const { dispatcher, database } = createWorld(async (dispatch) => void sent.push(dispatch));
  const { event, targets } = matched('e-1', 'a');
  const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793';
  dispatcher.accept([{ event: { ...event, traceHeader }, targets }, matched('e-2', 'a')]);
  await settled();
  expect(sent.map((dispatch) => dispatch.event)).toEqual([{ ...event, traceHeader }, matched('e-2').event]);
  expect(database.prepare('SELECT * FROM bus_event_traces').all()).toEqual([]);
});
