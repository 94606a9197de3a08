import { expect, test } from 'vitest';
import { ConfigError, parseConfig } from '../../../../lib/config.ts';
import { checkVariables, functionVariables } from '../../../../lib/local/stack/environment.ts';

const queueUrl = (name: string): string => `http://127.0.0.1:1/123456789012/${name}`;

test('the local functions get the defaults of stage local when no variable is set', () => {
  expect(parseConfig(functionVariables({}, queueUrl))).toMatchObject({
    TABLE_NAME: 'lastmile-local',
    DELIVERY_QUEUE_URL: 'http://127.0.0.1:1/123456789012/lastmile-local-deliveries',
    DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/123456789012/lastmile-local-dead-letters',
    ORDERED_QUEUE_URL: 'http://127.0.0.1:1/123456789012/lastmile-local-ordered-deliveries.fifo',
    SECRET_PREFIX: 'events!connection/',
    AUTHORIZE_CONNECTION_FUNCTION: 'lastmile-local-authorize-connection',
    USER_AGENT: 'Amazon/EventBridge/ApiDestinations',
  });
});

test('a variable that the user has set replaces the default, but an empty variable does not', () => {
  const variables = functionVariables({ SECRET_PREFIX: 'mine/', TABLE_NAME: '', CACHE_SECONDS: '3' }, queueUrl);
  expect(variables).toMatchObject({ SECRET_PREFIX: 'mine/', TABLE_NAME: 'lastmile-local', CACHE_SECONDS: '3' });
});

test("the local functions may call loopback addresses in addition to the user's allowlist", () => {
  const allowlist = (given?: string) =>
    functionVariables({ PRIVATE_NETWORK_ALLOWLIST: given }, queueUrl)['PRIVATE_NETWORK_ALLOWLIST'];
  expect([allowlist(), allowlist('')]).toEqual(['127.0.0.0/8,::1/128', '127.0.0.0/8,::1/128']);
  expect(allowlist('10.0.0.0/8')).toBe('127.0.0.0/8,::1/128,10.0.0.0/8');
  expect(() => checkVariables({ PRIVATE_NETWORK_ALLOWLIST: '10.0.0.1/8' })).toThrow(/PRIVATE_NETWORK_ALLOWLIST/);
});

test('the local functions do not get variables that they do not use', () => {
  expect(functionVariables({ AWS_PROFILE: 'production', HOME: '/root' }, queueUrl)).not.toHaveProperty('AWS_PROFILE');
});

test('one error names all invalid variables of the local stack', () => {
  const check = (): unknown => checkVariables({ CACHE_SECONDS: 'soon', UNAUTHORIZED_LIMIT: '0' });
  expect(check).toThrow(ConfigError);
  expect(check).toThrow(/CACHE_SECONDS.*UNAUTHORIZED_LIMIT/);
});
