import { expect, test } from 'vitest';
import type { MatchedEvent } from '../../../../../lib/local/bus/store/event-store.ts';
import type { Rule } from '../../../../../lib/local/bus/store/model.ts';
import { ScheduledRules } from '../../../../../lib/local/bus/schedule/rules.ts';
import { createManualClock } from '../../../../fakes/manual-clock.ts';

const startMs = Date.UTC(2026, 0, 1, 10);
const minuteMs = 60_000;

function scheduled(scheduleExpression: string, enabledAtMs = startMs): Rule {
  const arn = 'arn:aws:events:eu-west-1:123456789012:rule/tick';
  return { name: 'tick', arn, eventBusName: 'default', scheduleExpression, state: 'ENABLED', enabledAtMs };
}

function createWorld(...rules: Rule[]) {
  const clock = createManualClock(startMs);
  const accepted: MatchedEvent[] = [];
  const faults: unknown[] = [];
  let ids = 0;
  const schedules = new ScheduledRules({
    account: '123456789012',
    bus: {
      scheduledRules: () => rules.map((rule) => ({ region: 'eu-west-1', rule })),
      targets: () => [{ Id: 't', Arn: 'arn' }],
    },
    accept: (events) => void accepted.push(...events),
    clock,
    newId: () => `id-${(ids += 1)}`,
    reportFault: (_, error) => void faults.push(error),
  });
  const events = () => accepted.map(({ event }) => JSON.parse(event.text) as { time: string });
  const times = () => events().map(({ time }) => time.slice(11, 19));
  return { clock, schedules, accepted, rules, events, times, faults };
}

test('a scheduled rule sends a Scheduled Event to its own targets', async () => {
  const { clock, schedules, events, accepted } = createWorld(scheduled('rate(1 minute)'));
  schedules.start();
  await clock.advance(minuteMs - 1);
  expect(accepted).toEqual([]);
  await clock.advance(1000);
  expect(events()).toEqual([
    {
      version: '0',
      id: 'id-1',
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '123456789012',
      time: '2026-01-01T10:01:00Z',
      region: 'eu-west-1',
      resources: ['arn:aws:events:eu-west-1:123456789012:rule/tick'],
      detail: {},
    },
  ]);
  expect(accepted[0]?.targets).toEqual([
    { ruleArn: 'arn:aws:events:eu-west-1:123456789012:rule/tick', target: '{"Id":"t","Arn":"arn"}' },
  ]);
  schedules.stop();
});

test('a rule fires once for each scheduled time, however often the schedules are checked', async () => {
  const { clock, schedules, times } = createWorld(scheduled('cron(0/2 * * * ? *)'));
  schedules.start();
  for (let second = 0; second < 300; second += 1) await clock.advance(1000);
  expect(times()).toEqual(['10:02:00', '10:04:00']);
  schedules.stop();
});

test('a rule does not fire for times at which it was disabled', async () => {
  const { clock, schedules, times, rules } = createWorld(scheduled('rate(1 minute)'));
  schedules.start();
  await clock.advance(minuteMs);
  rules.length = 0;
  await clock.advance(3 * minuteMs);
  expect(times()).toEqual(['10:01:00']);
  rules.push(scheduled('rate(1 minute)', clock.nowMs() + 500));
  await clock.advance(minuteMs);
  expect(times()).toEqual(['10:01:00']);
  await clock.advance(1000);
  expect(times()).toEqual(['10:01:00', '10:05:00']);
  schedules.stop();
});

test('after a clock jump a rule fires for the times that it missed within the last hour', async () => {
  const { clock, schedules, times } = createWorld(scheduled('rate(30 minutes)'));
  schedules.start();
  await clock.advance(60 * minuteMs);
  expect(times()).toEqual(['10:30:00', '11:00:00']);
  await clock.advance(300 * minuteMs);
  expect(times().slice(2)).toEqual(['15:30:00', '16:00:00']);
  schedules.stop();
});

test('rules fire only between the start and the stop of the schedules', async () => {
  const { clock, schedules, accepted } = createWorld(scheduled('rate(1 minute)'));
  await clock.advance(5 * minuteMs);
  schedules.start();
  schedules.stop();
  await clock.advance(5 * minuteMs);
  expect(accepted).toEqual([]);
});

test('an error in a schedule check is reported, and the next check still takes place', async () => {
  const { clock, schedules, times, faults, rules } = createWorld();
  schedules.start();
  const broken = { ...scheduled('rate(1 minute)') };
  Object.defineProperty(broken, 'enabledAtMs', {
    get: () => {
      throw new Error('broken');
    },
  });
  rules.push(broken);
  await clock.advance(minuteMs);
  rules[0] = scheduled('rate(1 minute)');
  await clock.advance(minuteMs);
  expect([faults, times()]).toEqual([[new Error('broken')], ['10:02:00']]);
  schedules.stop();
});
