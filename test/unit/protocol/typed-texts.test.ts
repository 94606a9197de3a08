import { expect, test } from 'vitest';
import { withModelTypes } from '../../../lib/protocol/model/typed-texts.ts';
import { eventsModel, lastmileModel } from '../../../lib/protocol/model/service-models.ts';

const members = (input: object) => withModelTypes(lastmileModel, 'PutDeliveryPolicy', input as never);

test.each([
  ['an integer', { Burst: '3' }, { Burst: 3 }],
  ['a decimal number', { TimeoutSeconds: '0.5' }, { TimeoutSeconds: 0.5 }],
  [
    'a number in a structure',
    { RetryPolicy: { MaximumRetryAttempts: '0' } },
    { RetryPolicy: { MaximumRetryAttempts: 0 } },
  ],
  ['the numbers of a list', { RetryableStatuses: ['404', 410] }, { RetryableStatuses: [404, 410] }],
])('%s that comes as a text becomes a number', (_what, input, typed) => {
  expect(members(input)).toEqual(typed);
});

test.each([
  { Burst: '' },
  { Burst: '0x10' },
  { Burst: 'Infinity' },
  { Burst: ' 3' },
  { ServerName: '3' },
  { Unknown: '3' },
  { RetryPolicy: '3' },
])('the text in %j stays as it is', (input) => {
  expect(members(input)).toEqual(input);
});

test('a boolean that comes as a text becomes a boolean, and a text that looks like one stays a text', () => {
  const parameter = (IsValueSecret: unknown) => ({ HeaderParameters: [{ Key: 'x', Value: 'true', IsValueSecret }] });
  const input = (IsValueSecret: unknown) => ({
    AuthParameters: { InvocationHttpParameters: parameter(IsValueSecret) },
  });
  expect(withModelTypes(eventsModel, 'CreateConnection', input('false') as never)).toEqual(input(false));
  expect(withModelTypes(eventsModel, 'CreateConnection', input('true') as never)).toEqual(input(true));
  expect(withModelTypes(eventsModel, 'CreateConnection', input('yes') as never)).toEqual(input('yes'));
});
