import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Variable } from '../../lib/config.ts';
import { parseConfig, variables } from '../../lib/config.ts';

const required = {
  TABLE_NAME: 'lastmile-test',
  DELIVERY_QUEUE_URL: 'http://127.0.0.1:4010/123456789012/lastmile-test-deliveries',
  DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:4010/123456789012/lastmile-test-dead-letters',
  SECRET_PREFIX: 'lastmile/test/connection/',
  ROOT_SECRET_ARN: 'lastmile/test/root',
  AUTHORIZE_CONNECTION_FUNCTION: 'lastmile-test-authorize-connection',
};

describe('the configuration', () => {
  test('has every default when only what is required is set, and cannot be changed', () => {
    const config = parseConfig(required);
    expect(config).toMatchObject({
      ...required,
      CACHE_SECONDS: 15,
      STALE_SECONDS: 900,
      REQUEST_TIMEOUT_MS: 5000,
      MAXIMUM_RETRY_ATTEMPTS: 185,
      MAXIMUM_EVENT_AGE_SECONDS: 86_400,
      EVENT_BUS_NAME: 'default',
    });
    expect(config.API_DESTINATION).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('names every bad variable in one line', () => {
    const bad = { ...required, TABLE_NAME: '', CACHE_SECONDS: '15s', MAXIMUM_RETRY_ATTEMPTS: '186' };
    expect(() => parseConfig(bad)).toThrow(
      'Bad environment: TABLE_NAME is required (DynamoDB table of the stack); CACHE_SECONDS must be a whole number from ' +
        '0 to 900; MAXIMUM_RETRY_ATTEMPTS must be a whole number from 0 to 185',
    );
  });

  test.each(['-1', '1.5', '1e3', '0x10', ' 5', '٣', '9'.repeat(400)])('refuses %j as a number', (text) => {
    expect(() => parseConfig({ ...required, CACHE_SECONDS: text })).toThrow(/^Bad environment: CACHE_SECONDS must be/);
  });

  test('takes an empty variable for one that is not set', () => {
    expect(parseConfig({ ...required, CACHE_SECONDS: '', USER_AGENT: '' })).toMatchObject({
      CACHE_SECONDS: 15,
      USER_AGENT: undefined,
    });
  });

  test('stands in the README as it is, variable by variable', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    for (const [name, variable] of Object.entries<Variable>(variables)) expect(readme).toContain(row(name, variable));
    expect(readme.match(/^\| `[A-Z_]+` \|/gm)).toHaveLength(Object.keys(variables).length);
  });
});

function row(name: string, variable: Variable): string {
  const unit = variable.type === 'integer' ? variable.unit : '';
  const isRequired = variable.type === 'text' && variable.required === true;
  const given = variable.default === undefined ? '' : `\`${variable.default}\``;
  return `| \`${name}\` | ${isRequired ? 'required' : given} | ${unit} | ${variable.meaning} |`;
}
