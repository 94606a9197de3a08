import { describe, expect, test } from 'vitest';
import { withMembers } from '../../../lib/commands/policy-members.ts';

const delivery = (set: readonly string[], unset: readonly string[] = []) =>
  withMembers('UpdateDeliveryPolicy', { ApiDestinationName: 'orders' }, set, unset);

describe('--set', () => {
  test.each([
    [['TimeoutSeconds=20'], { TimeoutSeconds: 20 }],
    [['TimeoutSeconds=0.5', 'Burst=3'], { TimeoutSeconds: 0.5, Burst: 3 }],
    [
      ['RetryPolicy.MaximumRetryAttempts=3', 'RetryPolicy.MaximumEventAgeInSeconds=60'],
      { RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60 } },
    ],
    [['RetryPolicy={"MaximumRetryAttempts":3}'], { RetryPolicy: { MaximumRetryAttempts: 3 } }],
    [['RetryableStatuses=404, 410'], { RetryableStatuses: [404, 410] }],
    [['RetryableStatuses=[404]'], { RetryableStatuses: [404] }],
    [['RetryableStatuses=404'], { RetryableStatuses: [404] }],
    [['ProxyUrl=http://proxy.example:3128?a=b'], { ProxyUrl: 'http://proxy.example:3128?a=b' }],
    [['ServerName=1234'], { ServerName: '1234' }],
    [['TimeoutSeconds=soon'], { TimeoutSeconds: 'soon' }],
    [['TimeoutSeconds='], { TimeoutSeconds: '' }],
  ])('--set %j adds the members %j', (set, members) => {
    expect(delivery(set)).toEqual({ ApiDestinationName: 'orders', ...members });
  });

  test('--set separates the hosts of a connection policy by commas', () => {
    const set = ['AllowedHosts=api.example.com,*.eu.example.com'];
    expect(withMembers('UpdateConnectionPolicy', {}, set, [])).toEqual({
      AllowedHosts: ['api.example.com', '*.eu.example.com'],
    });
  });

  test.each([
    ['TimeoutSecond=20', "There is no member 'TimeoutSecond'. Did you mean TimeoutSeconds?"],
    [
      'RetryPolicy.MaximumRetryAttempt=2',
      "There is no member 'MaximumRetryAttempt'. Did you mean MaximumRetryAttempts?",
    ],
    ['Burst.Size=2', "There is no member 'Size'. The member before the dot has no members."],
    ['Timeout=20', "There is no member 'Timeout'. Did you mean TimeoutSeconds?"],
    ['__proto__.x=1', '--set takes <member>=<value>'],
    ['constructor=1', "There is no member 'constructor'. Use one of ApiDestinationName, TimeoutSeconds,"],
    ['TimeoutSeconds', '--set takes <member>=<value>, such as TimeoutSeconds=20.'],
    ['=20', '--set takes <member>=<value>'],
  ])('--set %s is refused with the words "%s"', (set, message) => {
    expect(() => delivery([set])).toThrow(message);
  });
});

describe('--unset', () => {
  test('--unset returns the named members to their defaults', () => {
    expect(delivery(['Burst=2'], ['TimeoutSeconds', 'Signing'])).toEqual({
      ApiDestinationName: 'orders',
      Burst: 2,
      RemovedMembers: ['TimeoutSeconds', 'Signing'],
    });
  });

  test('--unset of a member that does not exist is refused', () => {
    expect(() => delivery([], ['Timeout'])).toThrow("There is no member 'Timeout'. Did you mean TimeoutSeconds?");
  });
});
