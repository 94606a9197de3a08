import { expect, test } from 'vitest';
import type { DeadLetterFilter } from '../../../../lib/core/message/dead-letter-description.ts';
import { describeDeadLetter } from '../../../../lib/core/message/dead-letter-description.ts';
import type { QueueMessage } from '../../../../lib/core/message/queue-message.ts';
import { messageBytes } from '../../../../lib/core/message/queue-message.ts';
import { formatQueuedDelivery } from '../../../../lib/core/message/queued-delivery.ts';
import { deadLetterOf, failedDelivery } from './dead-letters.ts';

const sentAtMs = Date.UTC(2026, 0, 31);
const arn = 'arn:aws:events:us-east-1:123456789012:api-destination/orders/0f0f';
const rule = 'arn:aws:events:us-east-1:123456789012:rule/shop';
const trace = { 'X-Amzn-Trace-Id': 'Root=1-5759e988-bd862e3fe1be46a994272793' };

function describe(message: QueueMessage, filter: DeadLetterFilter = {}) {
  const received = { messageId: 'm-1', receiptHandle: 'h', message, receiveCount: 1, sentAtMs };
  return describeDeadLetter(received, filter, { apiDestination: undefined, nowMs: sentAtMs + 1000 });
}

test('the description of a dead letter names its event, its way, its failure and its size, but shows neither event nor answer', () => {
  const message = deadLetterOf('e1', { apiDestination: arn, rule, target: { Id: 't1', Input: '"canary"' }, trace });
  const described = describe(message)?.description;
  expect(described).toEqual({
    messageId: 'm-1',
    deadLetteredAtMs: sentAtMs,
    sizeBytes: messageBytes(message),
    eventId: 'e1',
    apiDestination: 'orders',
    rule,
    targetId: 't1',
    source: 'shop',
    detailType: 'Order Placed',
    traceId: '1-5759e988-bd862e3fe1be46a994272793',
    errorCode: 'ERROR_FROM_TARGET',
    code: 'EndpointRejected',
    errorMessage: 'EndpointRejected: The endpoint answered 400.',
    status: 400,
    attempts: 3,
  });
  expect(JSON.stringify(described)).not.toContain('canary');
});

test.each([
  ['three attempts', deadLetterOf('e1', { attempts: 3 }), 3],
  ['one attempt', deadLetterOf('e1', { attempts: 1 }), 1],
  ['no attempt', deadLetterOf('e1', { attempts: 0 }), 0],
  [
    'a retry that SQS has moved after two attempts',
    formatQueuedDelivery({ delivery: failedDelivery('e1', { attempts: 2 }) }),
    2,
  ],
  ['a dead letter that is not ours', { body: '{}', attributes: { RETRY_ATTEMPTS: '3' } }, undefined],
])('the description of a dead letter after %s has its attempts, if they are known', (_what, message, attempts) => {
  expect(describe(message)?.description.attempts).toBe(attempts);
});

test.each<[string, QueueMessage, object]>([
  ['no JSON', { body: 'canary', attributes: {} }, { unreadable: 'InvalidJson: The message is not JSON.' }],
  [
    'an envelope with a bad target',
    {
      body: JSON.stringify({ apiDestination: 'orders', event: { id: 'e1' }, rule, target: { Id: 'a b' } }),
      attributes: {},
    },
    {
      eventId: 'e1',
      apiDestination: 'orders',
      rule,
      unreadable: expect.stringMatching(/^InvalidDelivery: target.Id /),
    },
  ],
  [
    'a message of a newer version',
    {
      body: '{"id":"e1"}',
      attributes: { LASTMILE: JSON.stringify({ v: 1000, apiDestination: arn, target: { Id: 't1' } }) },
    },
    { eventId: 'e1', apiDestination: 'orders', targetId: 't1', unreadable: expect.stringMatching(/^NewerVersion: /) },
  ],
  [
    'texts that are no names',
    {
      body: JSON.stringify({
        apiDestination: 'canary canary',
        event: { id: 'canary canary' },
        rule: 'canary',
        target: {},
      }),
      attributes: { ERROR_CODE: 'X'.repeat(300), ERROR_MESSAGE: 'Y'.repeat(2000) },
    },
    {
      errorCode: 'X'.repeat(256),
      errorMessage: 'Y'.repeat(1024),
      unreadable: expect.stringMatching(/^InvalidDelivery: apiDestination /),
    },
  ],
  [
    'a compressed body that cannot be read',
    { body: 'canary', attributes: { LASTMILE_BODY: 'zip', LASTMILE: '{"v":1,"apiDestination":"orders"}' } },
    { apiDestination: 'orders', unreadable: 'InvalidDelivery: The attribute LASTMILE_BODY is not gzip.' },
  ],
])(
  'a dead letter with %s is described with the reason, with its names, and without its content',
  (_what, message, expected) => {
    const described = describe(message);
    const always = { messageId: 'm-1', deadLetteredAtMs: sentAtMs, sizeBytes: messageBytes(message) };
    expect(described).toEqual({ description: { ...always, ...expected } });
    expect(JSON.stringify(described)).not.toContain('canary');
  },
);

test.each<[string, 'includes' | 'leaves out', DeadLetterFilter]>([
  ['its own event', 'includes', { eventId: 'e1' }],
  ['another event', 'leaves out', { eventId: 'e2' }],
  ['its own destination', 'includes', { apiDestination: 'orders' }],
  ['another destination', 'leaves out', { apiDestination: 'others' }],
])('a filter by %s %s an unreadable dead letter whose names are known', (_what, does, filter) => {
  const body = JSON.stringify({ apiDestination: 'orders', event: { id: 'e1' }, target: { Id: 'a b' } });
  expect(describe({ body, attributes: {} }, filter) !== undefined).toBe(does === 'includes');
});

test('a dead letter without readable names matches a filter by API destination, but none by event', () => {
  const unknown = { body: 'no JSON', attributes: {} };
  expect([describe(unknown, { apiDestination: 'orders' }), describe(unknown, { eventId: 'e1' })]).toEqual([
    expect.anything(),
    undefined,
  ]);
});
