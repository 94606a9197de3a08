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

const destinationArn = 'arn:aws:events:eu-central-1:123456789012:api-destination/orders/5f0e';

describe('the configuration', () => {
  test('a configuration of which only the required variables are set has every default and cannot be changed', () => {
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
    expect(config.ORDERED_QUEUE_URL).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('a configuration error names every bad variable in one line', () => {
    const bad = { ...required, TABLE_NAME: '', CACHE_SECONDS: '15s', MAXIMUM_RETRY_ATTEMPTS: '186' };
    expect(() => parseConfig(bad)).toThrow(
      'Bad environment: TABLE_NAME is required (DynamoDB table of the stack); CACHE_SECONDS must be a whole number from ' +
        '0 to 900; MAXIMUM_RETRY_ATTEMPTS must be a whole number from 0 to 185',
    );
  });

  test.each([
    ['"-1"', '-1'],
    ['"1.5"', '1.5'],
    ['"1e3"', '1e3'],
    ['"0x10"', '0x10'],
    ['" 5"', ' 5'],
    ['"٣"', '٣'],
    ['400 digits', '9'.repeat(400)],
  ])('the configuration refuses %s as a number of seconds', (_shown, text) => {
    expect(() => parseConfig({ ...required, CACHE_SECONDS: text })).toThrow(/^Bad environment: CACHE_SECONDS must be/);
  });

  test.each([
    ['USER_AGENT', 'a\nb', 'printable ASCII'],
    ['DELIVERY_QUEUE_URL', 'nope', 'a URL that begins with http:// or https://'],
    ['ORDERED_QUEUE_URL', 'https://sqs/1/orders', 'the URL of a FIFO queue, which ends with .fifo'],
    ['ORDERED_QUEUE_URL', 'orders.fifo', 'the URL of a FIFO queue, which ends with .fifo'],
    ['API_DESTINATION', 'bad name!', 'the name or ARN of an API destination'],
    ['API_DESTINATION', 'x'.repeat(65), 'the name or ARN of an API destination'],
    ['API_DESTINATION', destinationArn.replace('orders', 'x'.repeat(65)), 'the name or ARN of an API destination'],
    ['API_DESTINATION', destinationArn.replace('/5f0e', ''), 'the name or ARN of an API destination'],
    ['STACK_NAME', 'two words', 'printable ASCII without spaces, at most 255'],
    ['STACK_NAME', ':colon', 'printable ASCII without spaces, at most 255'],
    ['STACK_NAME', 'x'.repeat(256), 'printable ASCII without spaces, at most 255'],
    ['METRICS_PER_DESTINATION', 'yes', 'true or false'],
    ['PRIVATE_NETWORK_ALLOWLIST', 'zzz', 'CIDRs, separated by commas'],
    ['PRIVATE_NETWORK_ALLOWLIST', '300.0.0.0/8', 'CIDRs, separated by commas'],
    ['PRIVATE_NETWORK_ALLOWLIST', '10.0.0.0/33', 'CIDRs, separated by commas'],
    ['PRIVATE_NETWORK_ALLOWLIST', '10.0.0.0/8;fd00::/8', 'CIDRs, separated by commas'],
  ])('the configuration refuses %s=%j, because it must be %s', (name, text, form) => {
    expect(() => parseConfig({ ...required, [name]: text })).toThrow(`Bad environment: ${name} must be ${form}`);
  });

  test.each([
    ['52000', 'accepted', 'the default time limit', undefined],
    ['52001', 'refused', 'the default time limit', undefined],
    ['7000', 'accepted', 'a time limit of 15 s', '15'],
    ['7001', 'refused', 'a time limit of 15 s', '15'],
    ['890000', 'accepted', 'a time limit of 900 s', '900'],
    ['890000', 'refused', 'a time limit of 897 s', '897'],
  ])(
    'a request timeout of %s ms is %s in a function with %s',
    (REQUEST_TIMEOUT_MS, verdict, _limit, FUNCTION_TIMEOUT_SECONDS) => {
      const parse = () => parseConfig({ ...required, REQUEST_TIMEOUT_MS, FUNCTION_TIMEOUT_SECONDS });
      if (verdict === 'accepted') expect(parse).not.toThrow();
      else
        expect(parse).toThrow(
          /^Bad environment: REQUEST_TIMEOUT_MS must be at most \d+ while FUNCTION_TIMEOUT_SECONDS/,
        );
    },
  );

  test('the configuration accepts IPv4 and IPv6 ranges in the allowlist, and an ARN as API_DESTINATION', () => {
    const given = {
      PRIVATE_NETWORK_ALLOWLIST: '10.0.0.0/8, fd00::/8',
      API_DESTINATION: destinationArn,
      USER_AGENT: 'shop/1.0 (x)',
    };
    expect(parseConfig({ ...required, ...given })).toMatchObject(given);
  });

  test('the configuration treats an empty variable like one that is not set', () => {
    expect(parseConfig({ ...required, CACHE_SECONDS: '', USER_AGENT: '' })).toMatchObject({
      CACHE_SECONDS: 15,
      USER_AGENT: undefined,
    });
  });

  test('the reference describes every variable of the configuration correctly', () => {
    const page = readFileSync(new URL('../../docs/guide/reference.md', import.meta.url), 'utf8');
    const [, table = ''] = /^## Variables\n([^]*?)(?=^The commands read)/m.exec(page) ?? [];
    for (const [name, variable] of Object.entries<Variable>(variables)) expect(table).toContain(row(name, variable));
    expect(table.match(/^\| `[A-Z_]+` \|/gm)).toHaveLength(Object.keys(variables).length);
  });
});

function row(name: string, variable: Variable): string {
  const unit = variable.type === 'integer' ? variable.unit : '';
  const isRequired = variable.type === 'text' && variable.required === true;
  const given = variable.default === undefined ? '' : `\`${variable.default}\``;
  return `| \`${name}\` | ${isRequired ? 'required' : given} | ${unit} | ${variable.meaning} |`;
}
