import { expect, test } from 'vitest';
import { placeholder } from '../../../lib/adopt/credentials.ts';
import { emptyLastmile, type LastmileState } from '../../../lib/adopt/descriptions.ts';
import { makePlan, type PlanOptions } from '../../../lib/adopt/plan.ts';
import { planText } from '../../../lib/adopt/plan-text.ts';
import { suffixed } from '../../../lib/adopt/plan-targets.ts';
import {
  connection,
  connectionArn,
  destination,
  destinationArn,
  eventBridge,
  queueArn,
  rule,
  secretArn,
  target,
} from './adopt-story.ts';

const options: PlanOptions = { stage: 'prod', rules: [], copySecrets: false };
const plan = (
  source = eventBridge([rule('placed', [target('t1')])]),
  more: Partial<PlanOptions> = {},
  lastmile: LastmileState = emptyLastmile,
) => makePlan(source, lastmile, { ...options, ...more });

/** Lastmile after the plan for `shop` and `orders` was applied. */
const adopted: LastmileState = {
  connections: [{ name: 'shop', arn: connectionArn('shop'), authorizationType: 'API_KEY', hasPlaceholder: false }],
  destinations: [destination('orders')],
};

test('a plan creates the connection and the API destination, and replaces the target', () => {
  const made = plan();
  expect(made.connections).toMatchObject([{ action: 'create', name: 'shop', credentials: 'named by ARN' }]);
  expect(made.destinations).toStrictEqual([
    {
      action: 'create',
      name: 'orders',
      connection: 'shop',
      input: {
        Name: 'orders',
        InvocationEndpoint: 'https://api.example.com/orders',
        HttpMethod: 'POST',
        InvocationRateLimitPerSecond: 50,
      },
    },
  ]);
  expect(made.rules).toMatchObject([
    { eventBusName: 'default', rule: 'placed', targets: [{ action: 'replace', id: 't1', after: { Arn: queueArn } }] },
  ]);
  expect(made.requirements.secretArns).toStrictEqual([secretArn('shop')]);
});

test('a plan for what has been applied changes nothing', () => {
  const [moved] = plan().rules.flatMap(({ targets }) =>
    targets.flatMap((step) => ('after' in step ? [step.after] : [])),
  );
  const source = eventBridge([rule('placed', moved === undefined ? [] : [moved])]);
  const again = plan(source, {}, adopted);
  const steps = [...again.connections, ...again.destinations, ...again.rules.flatMap(({ targets }) => targets)];
  expect(steps.map(({ action }) => action)).toStrictEqual(['present', 'present', 'present']);
});

test('a connection that still has its placeholder is finished', () => {
  const [shop] = adopted.connections.map((each) => ({ ...each, hasPlaceholder: true }));
  const half = { ...adopted, connections: shop === undefined ? [] : [shop] };
  expect(plan(undefined, {}, half).connections).toMatchObject([{ action: 'finish' }]);
  expect(plan(undefined, { copySecrets: true }, half).connections).toMatchObject([{ action: 'leave' }]);
});

test.each([
  ['a private resource', { connections: [connection('shop', { isPrivate: true })] }, /private resource/],
  ['an unknown authorization type', { connections: [connection('shop', { authorizationType: 'MTLS' })] }, /MTLS/],
  ['no connection', { connections: [] }, /does not exist/],
])('targets whose API destination has %s are left alone', (_what, more, reason) => {
  const made = plan(eventBridge([rule('placed', [target('t1')])], more));
  expect(made.destinations).toMatchObject([{ action: 'leave' }]);
  expect(made.rules).toMatchObject([{ targets: [{ action: 'leave', id: 't1' }] }]);
  expect(planText(made)).toMatch(reason);
});

test.each([
  ['InvocationEndpoint', { invocationEndpoint: 'https://other.example.com' }],
  ['HttpMethod', { httpMethod: 'PUT' }],
  ['connection', { connectionArn: connectionArn('other') }],
])('an API destination of Lastmile with another %s is not used', (member, more) => {
  const made = plan(undefined, {}, { ...adopted, destinations: [destination('orders', more)] });
  expect(made.destinations).toMatchObject([{ action: 'leave', reason: expect.stringContaining(`another ${member}`) }]);
  expect(made.rules).toMatchObject([{ targets: [{ action: 'leave' }] }]);
});

test('a rate that was changed in Lastmile stays', () => {
  const destinations = [destination('orders', { invocationRateLimitPerSecond: 7 })];
  expect(plan(undefined, {}, { ...adopted, destinations }).destinations).toMatchObject([{ action: 'present' }]);
});

test('a target of another kind, a rule of an AWS service and a target without an API destination are left alone', () => {
  const queue = { Id: 'q', Arn: 'arn:aws:sqs:eu-central-1:123456789012:audit' };
  const gone = target('gone', { Arn: destinationArn('gone') });
  const made = plan(
    eventBridge([
      rule('placed', [queue, gone]),
      rule('managed', [target('t1')], { managedBy: 'scheduler.amazonaws.com' }),
      rule('other', [queue]),
    ]),
  );
  expect(made.rules).toMatchObject([
    { rule: 'placed', targets: [{ action: 'leave', id: 'gone' }] },
    { rule: 'managed', targets: [{ action: 'leave', id: 't1' }] },
  ]);
});

test('--rule selects a rule by its name or by its bus and name, with only what it needs', () => {
  const source = eventBridge(
    [
      rule('placed', [target('t1')]),
      rule('placed', [target('t2', { Arn: destinationArn('crm') })], { eventBusName: 'shop' }),
    ],
    {
      connections: [connection('shop'), connection('crm')],
      destinations: [destination('orders'), destination('crm', { connectionArn: connectionArn('crm') })],
    },
  );
  const names = (rules: readonly string[]) => {
    const made = plan(source, { rules });
    return [...made.connections, ...made.destinations].map(({ name }) => name);
  };
  expect(names(['shop/placed'])).toStrictEqual(['crm', 'crm']);
  expect(names(['placed'])).toHaveLength(4);
  expect(() => names(['plcaed'])).toThrow('There is no rule plcaed.');
});

test('a shadow adds targets without credentials, and its endpoint keeps the path of the original', () => {
  const source = eventBridge([rule('placed', [target('t1')])], {
    destinations: [destination('orders', { invocationEndpoint: 'https://api.example.com/orders/*?v=1' })],
  });
  const made = plan(source, { shadow: 'https://shadow.example.com/compare/' });
  expect(made.connections).toStrictEqual([
    { action: 'create', name: 'lastmile-shadow', authorizationType: 'API_KEY', credentials: 'none' },
  ]);
  expect(made.destinations).toMatchObject([
    {
      name: 'orders-shadow',
      connection: 'lastmile-shadow',
      input: { InvocationEndpoint: 'https://shadow.example.com/compare/orders/*?v=1' },
    },
  ]);
  expect(made.rules).toMatchObject([{ targets: [{ action: 'add', id: 't1-lastmile-shadow' }] }]);
  expect(made.requirements).toStrictEqual({ secretArns: [], keyArns: [], deadLetterQueueArns: [] });
});

test('a shadow adds no sixth target to a rule', () => {
  const others = ['a', 'b'].map((id) => ({ Id: id, Arn: 'arn:aws:sqs:eu-central-1:123456789012:audit' }));
  const made = plan(eventBridge([rule('placed', [...others, target('t1'), target('t2')])]), {
    shadow: 'https://shadow.example.com',
  });
  expect(made.rules).toMatchObject([
    { targets: [{ action: 'add' }, { action: 'leave', reason: expect.stringContaining('may have 5') }] },
  ]);
});

test('a rule loses its shadow targets when it is moved', () => {
  const shadow = plan(undefined, { shadow: 'https://shadow.example.com' });
  const added = shadow.rules.flatMap(({ targets }) => targets.flatMap((step) => ('after' in step ? [step.after] : [])));
  const made = plan(eventBridge([rule('placed', [target('t1'), ...added])]));
  expect(made.rules).toMatchObject([
    {
      targets: [
        { action: 'replace', id: 't1' },
        { action: 'remove', id: 't1-lastmile-shadow' },
      ],
    },
  ]);
});

test('a long name gets a suffix, keeps at most 64 characters and stays distinct', () => {
  const one = suffixed(`${'x'.repeat(60)}one`, '-shadow');
  expect(one).toHaveLength(64);
  expect(one).toMatch(/-shadow$/);
  expect(one).not.toBe(suffixed(`${'x'.repeat(60)}two`, '-shadow'));
});

test('the plan for people shows no query of an endpoint, which may hold a key', () => {
  const destinations = [destination('orders', { invocationEndpoint: 'https://api.example.com/orders?key=canary' })];
  const shown = planText(plan(eventBridge([], { destinations })));
  expect(shown).toContain('POST https://api.example.com/orders?...  50/s  connection shop');
  expect(shown).not.toContain('canary');
  expect(shown).not.toContain(placeholder);
});
