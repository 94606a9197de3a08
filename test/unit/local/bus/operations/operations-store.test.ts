import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import type { Rule } from '../../../../../lib/local/bus/store/model.ts';
import { BusStore } from '../../../../../lib/local/bus/store/store.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function storeOn(database = new DatabaseSync(':memory:'), nowMs = 1000): BusStore {
  return new BusStore({ database, account: '123456789012', nowMs: () => nowMs });
}

function rule(name: string, members: Partial<Rule> = {}): Rule {
  return {
    name,
    arn: `arn:aws:events:eu-west-1:123456789012:rule/${name}`,
    eventBusName: 'default',
    eventPattern: '{"source":["shop"]}',
    state: 'ENABLED',
    enabledAtMs: 5,
    ...members,
  };
}

describe('stored data', () => {
  test('every region has a default bus from its first use on', () => {
    const store = storeOn();
    const arn = 'arn:aws-cn:events:cn-north-1:123456789012:event-bus/default';
    expect(store.bus('cn-north-1', 'default')).toEqual({
      name: 'default',
      arn,
      creationTimeMs: 1000,
      lastModifiedTimeMs: 1000,
    });
    expect(store.busCount('eu-west-1')).toBe(1);
  });

  test('the default bus still exists after the first change in its region was rolled back', () => {
    const store = storeOn();
    const change = (): never => {
      store.bus('eu-west-1', 'default');
      throw new RangeError('undone');
    };
    expect(() => store.atomically(change)).toThrow(RangeError);
    expect(store.bus('eu-west-1', 'default')?.name).toBe('default');
  });

  test('a stored rule is read back unchanged', () => {
    const store = storeOn();
    store.putRule('eu-west-1', rule('orders'));
    expect(store.rule('eu-west-1', 'default', 'orders')).toEqual(rule('orders'));
    const other = rule('all', {
      eventBusName: 'shop',
      arn: 'arn:aws:events:eu-west-1:123456789012:rule/shop/all',
      description: '',
      roleArn: 'arn:aws:iam::123456789012:role/r',
    });
    store.putRule('eu-west-1', other);
    expect(store.rule('eu-west-1', 'shop', 'all')).toEqual(other);
  });

  test('a stored target is read back with every member as it was sent', () => {
    const store = storeOn();
    const target = { Id: 'one', Arn: 'arn:aws:sqs:eu-west-1:123456789012:q', RetryPolicy: { MaximumRetryAttempts: 0 } };
    store.putTarget('eu-west-1', 'default', 'orders', target);
    expect(store.targets('eu-west-1', 'default', 'orders')).toEqual([target]);
  });

  test('a process reads the data of an earlier process that did not close its database', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastmile-'));
    folders.push(folder);
    const path = join(folder, 'bus.sqlite');
    const first = new DatabaseSync(path);
    first.exec('PRAGMA journal_mode = WAL');
    storeOn(first).putRule('eu-west-1', rule('orders'));
    expect(storeOn(new DatabaseSync(path)).rule('eu-west-1', 'default', 'orders')).toEqual(rule('orders'));
  });
});

describe('the rules of the dispatcher', () => {
  test('the dispatcher does not get a disabled rule', () => {
    const store = storeOn();
    const off = rule('off', { state: 'DISABLED', scheduleExpression: 'rate(1 minute)' });
    store.putRule('eu-west-1', off);
    store.putRule('eu-west-1', rule('on', { scheduleExpression: 'rate(1 minute)' }));
    expect(store.enabledRules('eu-west-1', 'default').map(({ name }) => name)).toEqual(['on']);
    expect(store.scheduledRules().map(({ region, rule: { name } }) => [region, name])).toEqual([['eu-west-1', 'on']]);
  });

  test('a rule without a pattern never matches, and a rule without a schedule never fires', () => {
    const store = storeOn();
    const { eventPattern: _, ...scheduled } = rule('scheduled', { scheduleExpression: 'rate(1 minute)' });
    store.putRule('eu-west-1', scheduled);
    store.putRule('eu-west-1', rule('matching'));
    expect(store.enabledRules('eu-west-1', 'default').map(({ name }) => name)).toEqual(['matching']);
    expect(store.scheduledRules().map(({ rule: { name } }) => name)).toEqual(['scheduled']);
  });

  test('every change of a rule or target makes the compiled patterns of its own bus outdated, and of no other bus', () => {
    const store = storeOn();
    const target = { Id: 'one', Arn: 'arn:aws:sqs:eu-west-1:123456789012:q' };
    const changes = [
      () => store.putRule('eu-west-1', rule('orders')),
      () => store.putTarget('eu-west-1', 'default', 'orders', target),
      () => store.removeTarget('eu-west-1', 'default', 'orders', 'one'),
      () => store.removeRule('eu-west-1', 'default', 'orders'),
      () => store.removeBus('eu-west-1', 'default'),
    ];
    for (const change of changes) {
      const before = store.generation('eu-west-1', 'default');
      change();
      expect(store.generation('eu-west-1', 'default')).toBeGreaterThan(before);
    }
    expect(store.generation('eu-west-1', 'shop')).toBe(0);
    expect(store.generation('us-east-1', 'default')).toBe(0);
  });
});
