import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDelivery } from '../../../../lib/core/message/parse-delivery.ts';
import { failureOf } from '../failure/failing.ts';

const nowMs = 1_790_000_000_000;
const event = { id: 'e1', source: 'shop', detail: { id: 17 } };
const anywhere = { apiDestination: undefined, nowMs };

function target(members: object): () => unknown {
  return () => parseDelivery({ apiDestination: 'orders', event, target: members }, anywhere);
}

const longArn = `arn:aws:events:us-east-1:123456789012:api-destination/${'x'.repeat(65)}/4b1f`;

describe('an envelope', () => {
  test('parsing an envelope yields its event, destination, rule and target', () => {
    const envelope = {
      apiDestination: 'orders',
      event,
      rule: 'arn:aws:events:eu-west-1:123456789012:rule/r',
      target: {
        Id: 't-1',
        InputTransformer: { InputPathsMap: { id: '$.detail.id' }, InputTemplate: '{"id": {{id}}}' },
        HttpParameters: {
          PathParameterValues: ['$.detail.id'],
          HeaderParameters: { 'X-Id': '$.id' },
          QueryStringParameters: { q: 'a b' },
        },
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
        DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-west-1:123456789012:dead' },
      },
    };
    const delivery = parseDelivery(envelope, anywhere);
    expect(JSON.parse(JSON.stringify(delivery))).toEqual({
      apiDestination: 'orders',
      event: { value: event },
      rule: envelope.rule,
      target: envelope.target,
      attempts: 0,
      postponements: 0,
      firstReceivedAtMs: nowMs,
    });
    expect(delivery.event.value).toBe(event);
  });

  test('an envelope needs neither rule nor target, and null counts as absent', () => {
    const bare = parseDelivery({ apiDestination: 'orders', event }, anywhere);
    const nulls = {
      apiDestination: 'orders',
      event,
      rule: null,
      target: { Id: null, Input: null, HttpParameters: null },
    };
    expect(parseDelivery(nulls, anywhere)).toEqual(bare);
    expect(bare.target).toEqual({});
    expect(Object.keys(bare)).not.toContain('rule');
  });

  test('an envelope may name its destination by ARN', () => {
    const arn = 'arn:aws:events:eu-west-1:123456789012:api-destination/orders/11111111-2222-3333-4444-555555555555';
    expect(parseDelivery({ apiDestination: arn, event }, anywhere).apiDestination).toBe(arn);
  });

  test('an envelope cannot set attempts or times, and its unknown members are ignored', () => {
    const envelope = {
      apiDestination: 'orders',
      event,
      attempts: 9,
      firstReceivedAt: 1,
      firstReceivedAtMs: 1,
      more: {},
    };
    expect(parseDelivery(envelope, anywhere)).toMatchObject({
      attempts: 0,
      postponements: 0,
      firstReceivedAtMs: nowMs,
    });
  });
});

describe('a bare event', () => {
  const here = { apiDestination: 'orders', nowMs };

  test('an event without an envelope goes to the API destination of the function', () => {
    expect(parseDelivery(event, here)).toEqual({
      apiDestination: 'orders',
      event: { value: event },
      target: {},
      attempts: 0,
      postponements: 0,
      firstReceivedAtMs: nowMs,
    });
  });

  test('an event that looks like an envelope cannot choose another destination', () => {
    expect(failureOf(() => parseDelivery({ apiDestination: 'other', event }, here))).toBe(
      'InvalidDelivery: apiDestination is not accepted: this function delivers to its own API_DESTINATION; send the event alone.',
    );
  });

  test('an event without an envelope is refused when the function has no destination', () => {
    expect(failureOf(() => parseDelivery(event, anywhere))).toBe(
      'InvalidDelivery: apiDestination is missing: name one beside the event, or set API_DESTINATION of the function.',
    );
  });
});

describe('a malformed input', () => {
  const noDestination =
    'The input is not an object that names an API destination: send an envelope, or set API_DESTINATION of the function.';

  test.each<[input: unknown, message: string]>([
    ['canary', noDestination],
    [null, noDestination],
    [[event], noDestination],
    [{ apiDestination: 7, event }, 'apiDestination is not a string.'],
    [{ apiDestination: 'can ary', event }, 'apiDestination is neither the name nor the ARN of an API destination.'],
    [
      { apiDestination: 'x'.repeat(65), event },
      'apiDestination is neither the name nor the ARN of an API destination.',
    ],
    [{ apiDestination: longArn, event }, 'apiDestination is neither the name nor the ARN of an API destination.'],
    [{ apiDestination: 'orders' }, 'event is missing.'],
    [{ apiDestination: 'orders', event: null }, 'event is missing.'],
    [{ apiDestination: 'orders', event, isBase64Encoded: true }, 'event is not a string of Base64.'],
    [
      { apiDestination: 'orders', event: 'can ary', isBase64Encoded: true },
      'The event is not Base64, although its sender says so.',
    ],
    [
      { apiDestination: 'orders', event, answerWithinSeconds: 901 },
      'answerWithinSeconds is not a whole number from 1 to 900.',
    ],
    [{ apiDestination: 'orders', event: 'AAAA', isBase64Encoded: 1 }, 'isBase64Encoded is not true or false.'],
    [{ apiDestination: 'orders', event, rule: ['canary'] }, 'rule is not a string.'],
    [{ apiDestination: 'orders', event, rule: 'canary\n' }, 'rule has characters that are not allowed there.'],
    [{ apiDestination: 'orders', event, target: 'canary' }, 'target is not an object.'],
  ])('the malformed input %j is refused with the error: %s', (input, message) => {
    expect(failureOf(() => parseDelivery(input, anywhere))).toBe(`InvalidDelivery: ${message}`);
  });

  const long = (length: number): string => 'x'.repeat(length);
  const map = (size: number): object =>
    Object.fromEntries(Array.from({ length: size }, (_, index) => [`k${index}`, '$.a']));

  test.each<[members: object, message: string]>([
    [{ Id: 'can ary' }, 'target.Id has characters that are not allowed there.'],
    [{ Id: long(65) }, 'target.Id is longer than 64 characters.'],
    [{ Id: '' }, 'target.Id is empty.'],
    [{ Input: '{}', InputPath: '$' }, 'target.Input and target.InputPath cannot be used together: set one of them.'],
    [
      { InputPath: '$', InputTransformer: { InputTemplate: '1' } },
      'target.InputPath and target.InputTransformer cannot be used together: set one of them.',
    ],
    [{ Input: long(8193) }, 'target.Input is longer than 8192 characters.'],
    [{ InputPath: long(257) }, 'target.InputPath is longer than 256 characters.'],
    [{ InputTransformer: {} }, 'target.InputTransformer.InputTemplate is missing.'],
    [{ InputTransformer: { InputTemplate: '' } }, 'target.InputTransformer.InputTemplate is empty.'],
    [
      { InputTransformer: { InputTemplate: '1', InputPathsMap: map(101) } },
      'target.InputTransformer.InputPathsMap has more than 100 members.',
    ],
    [
      { InputTransformer: { InputTemplate: '1', InputPathsMap: { 'can ary': '$' } } },
      'A key of target.InputTransformer.InputPathsMap has characters that are not allowed there.',
    ],
    [
      { InputTransformer: { InputTemplate: '1', InputPathsMap: { a: 1 } } },
      'target.InputTransformer.InputPathsMap.a is not a string.',
    ],
    [{ HttpParameters: [] }, 'target.HttpParameters is not an object.'],
    [{ HttpParameters: { PathParameterValues: 'canary' } }, 'target.HttpParameters.PathParameterValues is not a list.'],
    [
      { HttpParameters: { PathParameterValues: ['a', null] } },
      'target.HttpParameters.PathParameterValues[1] is not a string.',
    ],
    [
      { HttpParameters: { PathParameterValues: ['  '] } },
      'target.HttpParameters.PathParameterValues[0] has characters that are not allowed there.',
    ],
    [{ HttpParameters: { HeaderParameters: [] } }, 'target.HttpParameters.HeaderParameters is not an object.'],
    [
      { HttpParameters: { HeaderParameters: { 'X-Key': 'can\r\nary' } } },
      'target.HttpParameters.HeaderParameters.X-Key has characters that are not allowed there.',
    ],
    [
      { HttpParameters: { HeaderParameters: { 'can:ary': 'v' } } },
      'A key of target.HttpParameters.HeaderParameters has characters that are not allowed there.',
    ],
    [
      { HttpParameters: { QueryStringParameters: { q: long(513) } } },
      'target.HttpParameters.QueryStringParameters.q is longer than 512 characters.',
    ],
    [
      { HttpParameters: { PathParameterValues: Array.from({ length: 101 }, () => 'a') } },
      'target.HttpParameters.PathParameterValues has more than 100 members.',
    ],
    [
      { HttpParameters: { HeaderParameters: map(101) } },
      'target.HttpParameters.HeaderParameters has more than 100 members.',
    ],
    [
      { HttpParameters: { QueryStringParameters: map(101) } },
      'target.HttpParameters.QueryStringParameters has more than 100 members.',
    ],
    [
      { RetryPolicy: { MaximumRetryAttempts: 186 } },
      'target.RetryPolicy.MaximumRetryAttempts is not a whole number from 0 to 185.',
    ],
    [
      { RetryPolicy: { MaximumRetryAttempts: '3' } },
      'target.RetryPolicy.MaximumRetryAttempts is not a whole number from 0 to 185.',
    ],
    [
      { RetryPolicy: { MaximumEventAgeInSeconds: 59 } },
      'target.RetryPolicy.MaximumEventAgeInSeconds is not a whole number from 60 to 86400.',
    ],
    [{ DeadLetterConfig: { Arn: 5 } }, 'target.DeadLetterConfig.Arn is not a string.'],
  ])('an envelope with the malformed target %j is refused with the error: %s', (members, message) => {
    expect(failureOf(target(members))).toBe(`InvalidDelivery: ${message}`);
  });

  test('the largest and smallest values of a target are accepted', () => {
    const members = {
      Id: long(64),
      InputTransformer: { InputTemplate: long(8192), InputPathsMap: map(100) },
      HttpParameters: {
        PathParameterValues: Array.from({ length: 100 }, () => 'a'),
        HeaderParameters: map(100),
        QueryStringParameters: map(100),
      },
      RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 },
    };
    expect(failureOf(target(members))).toBe('no failure');
  });
});

describe('keys that mean something to JavaScript', () => {
  const parse = (json: string): ReturnType<typeof parseDelivery> => parseDelivery(JSON.parse(json), anywhere);

  test("JavaScript's own property names are plain keys in the maps of a target", () => {
    const parsed = parse(
      '{"apiDestination":"orders","event":{},"target":{"HttpParameters":{"HeaderParameters":{"__proto__":"p","constructor":"c"}}}}',
    );
    const headers = parsed.target.HttpParameters?.HeaderParameters ?? {};
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ]);
    expect(Object.getPrototypeOf(headers)).toBeNull();
  });

  test("JavaScript's own property names do not change the members of an envelope", () => {
    const json = '{"event":{},"__proto__":{"apiDestination":"orders"}}';
    expect(failureOf(() => parse(json))).toContain('apiDestination is missing');
    const hidden = '{"apiDestination":"orders","event":{},"target":{"__proto__":{"Input":"1"},"constructor":{}}}';
    expect(parse(hidden).target).toEqual({});
    expect(({} as { Input?: string }).Input).toBeUndefined();
  });
});

test('any JSON input is parsed or refused with a Failure', () => {
  const key = fc.constantFrom(
    'apiDestination',
    'event',
    'rule',
    'target',
    'HttpParameters',
    'InputTransformer',
    'Id',
    '__proto__',
  );
  const { input } = fc.letrec((tie) => ({
    input: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.constant('orders'), fc.dictionary(key, tie('input'))),
  }));
  fc.assert(
    fc.property(input, fc.constantFrom(undefined, 'orders'), (value, apiDestination) => {
      const outcome = failureOf(() => parseDelivery(value, { apiDestination, nowMs }));
      expect(outcome).toMatch(/^(no failure|InvalidDelivery: )/);
    }),
  );
});

test('a long header value of spaces is checked in linear time', () => {
  const value = `${'\t'.repeat(511)}\n`;
  expect(failureOf(target({ HttpParameters: { HeaderParameters: { a: value } } }))).toContain('not allowed');
  expect(failureOf(target({ HttpParameters: { HeaderParameters: { a: ' '.repeat(512) } } }))).toBe('no failure');
});

describe('the order that an envelope asks for', () => {
  const asking = (target: object) =>
    parseDelivery({ apiDestination: 'orders', event: { id: '1' }, target }, { apiDestination: undefined, nowMs: 0 });

  test('an envelope asks for order, and for the group by a path, in its target', () => {
    const target = { Order: 'PER_GROUP', OrderGroupPath: '$.detail.orderId' };
    expect(asking(target).target).toEqual(target);
  });

  test.each([
    [{ Order: 'FIFO' }, 'target.Order is not PER_GROUP.'],
    [{ OrderGroupPath: '$.id' }, 'target.OrderGroupPath needs Order: set it to PER_GROUP.'],
    [{ Order: 'PER_GROUP', OrderGroupPath: '$'.repeat(257) }, 'target.OrderGroupPath is longer than 256 characters.'],
  ])('an envelope with %j is refused, and the message names the member', (target, message) => {
    expect(() => asking(target)).toThrow(message);
  });
});
