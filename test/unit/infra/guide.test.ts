import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { variables } from '../../../lib/config.ts';
import { createApiKeyOperations } from '../../../lib/control/api-keys/api-keys.ts';
import { createHealthOperations } from '../../../lib/control/health/health-operations.ts';
import { createHistoryOperations } from '../../../lib/control/history/history-operations.ts';
import { createOperations } from '../../../lib/control/operations.ts';
import { createPolicyOperations } from '../../../lib/control/policies/policy-operations.ts';
import type { WaitsFor } from '../../../lib/core/delivery/delivery.ts';
import { failures } from '../../../lib/core/failure/failure.ts';
import { metrics } from '../../../lib/core/delivery/metrics.ts';
import { createBusOperations } from '../../../lib/local/bus/operations/operations.ts';
import type { CredentialsEvent } from '../../../lib/ports/metrics.ts';

const root = new URL('../../../', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const readme = textOf('README.md');
const reference = textOf('docs/guide/reference.md');

/** The text of one section, from its heading to the next heading of the same level. */
function sectionOf(page: string, heading: string): string {
  const [, section] = new RegExp(`^## ${heading}\\n([^]*?)(?=^## |(?![^]))`, 'm').exec(page) ?? [];
  if (section === undefined) throw new Error(`There is no section '${heading}'.`);
  return section;
}

/** The tests only create the operations and never call them, so the dependencies can be empty. */
const none = {} as never;

test('the README has at most 12,000 bytes', () => {
  expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(12_000);
});

test('the changelog has the version of package.json with a date and upgrade notes', () => {
  const { version } = JSON.parse(textOf('package.json')) as { readonly version: string };
  const [, newest, date, section] = /^## (\d\S*) - (\S+)\n([^]*?)(?=^## |(?![^]))/m.exec(textOf('CHANGELOG.md')) ?? [];
  expect([newest, date]).toEqual([version, expect.stringMatching(/^\d{4}-\d\d-\d\d$/)]);
  expect(section).toContain('\n### Upgrade notes\n');
});

test('the first two commands of the README start the stack and run the tests', () => {
  const blocks = [...readme.matchAll(/^```sh\n([^]*?)\n```$/gm)].map(([, block]) => block);
  expect(blocks.slice(0, 2)).toEqual(['npm ci && npm start', 'npm ci && npm test']);
});

/** Without these exports, the commands would use the AWS account that the reader's shell is set up for. */
test.each([
  ['README.md', 'story'],
  ['docs/guide/local-stack.md', 'bus-story'],
])('the first commands in %s set the shell up for the local stack', (page, marker) => {
  const [, story = ''] = new RegExp(`<!-- ${marker} -->\\n\`\`\`sh\\n([^]*?)\`\`\``).exec(textOf(page)) ?? [];
  expect(story.split('\n').slice(0, 4)).toEqual([
    'export AWS_ENDPOINT_URL=http://127.0.0.1:4010 AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1',
    'export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local',
    'unset AWS_PROFILE AWS_SESSION_TOKEN',
    'aws_lastmile() { aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }',
  ]);
  expect(story.split('\n').filter((line) => /\baws /.test(line))).toHaveLength(1);
});

test('the reference lists exactly the existing failure codes, with kind, ERROR_CODE and remedy', () => {
  const rows = [
    ...sectionOf(reference, 'Failure codes').matchAll(/^\| `(\w+)` \| (\w+) \| `(\w+)` \| .{10,} \| .{10,} \|$/gm),
  ];
  expect(rows.map(([, code, kind, errorCode]) => [code, kind, errorCode])).toEqual(
    Object.entries(failures).map(([code, { kind, errorCode }]) => [code, kind, errorCode]),
  );
});

test('the reference names every variable of the configuration, of serverless.yml and of infra/environment.yml', () => {
  const serverless = textOf('serverless.yml');
  const environment = textOf('infra/environment.yml');
  const read = [...`${serverless}${environment}`.matchAll(/\benv:([A-Z_]+)/g)].map(([, name]) => name);
  const given = [...environment.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name);
  expect(read).toContain('AWS_REGION');
  expect(given).toContain('TABLE_NAME');
  const section = sectionOf(reference, 'Variables');
  const named = [...section.matchAll(/^\| ((?:`[A-Z_]+`(?:, )?)+) \|/gm)].flatMap(
    ([, names = '']) => names.match(/[A-Z_]+/g) ?? [],
  );
  expect(named).toEqual(expect.arrayContaining([...new Set([...Object.keys(variables), ...read, ...given])]));
});

test('the reference names every operation of Lastmile and of the services that the local stack provides', () => {
  const ours = [createPolicyOperations, createHealthOperations, createHistoryOperations];
  const names = [createOperations, ...ours, createApiKeyOperations, createBusOperations].flatMap((create) =>
    Object.keys(create(none)),
  );
  expect(names).toEqual(expect.arrayContaining(['PutDeliveryPolicy', 'CreateApiKey', 'TestEventPattern']));
  const section = sectionOf(reference, 'Operations');
  expect([...names, 'PutEvents'].filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
});

test('the reference names every metric', () => {
  const section = sectionOf(reference, 'Metrics');
  expect(Object.keys(metrics).filter((name) => !section.includes(`\n| \`${name}\` | `))).toEqual([]);
});

test.each(['delivered', 'deferred', 'dead-lettered', 'returned'])(
  'the reference explains the outcome %s of a delivery',
  (outcome) => {
    expect(sectionOf(reference, 'Outcomes')).toContain(`\n| \`${outcome}\` | `);
  },
);

/** The type makes the compiler demand every wait. */
const waits: Readonly<Record<WaitsFor, true>> = {
  rate: true,
  'retry-after': true,
  circuit: true,
  pause: true,
  backoff: true,
  token: true,
  store: true,
  'newer-version': true,
  batch: true,
  order: true,
};

test.each(Object.keys(waits))('the reference explains why an event waits for: %s', (wait) => {
  expect(sectionOf(reference, 'Log lines')).toContain(`\n| \`${wait}\` | `);
});

/** The type makes the compiler demand every security event. In the log each name begins with `security.` */
const securityEvents: Readonly<Record<CredentialsEvent['event'], true>> = {
  'destination-moved': true,
  'destination-added': true,
  'destination-refused': true,
  'transport-changed': true,
  'hosts-loosened': true,
  'secret-changed': true,
};

test('the reference explains every log line', () => {
  const lines = [
    'delivery.concluded',
    'connection.deauthorized',
    'destination.unhealthy',
    'destination.probe-failed',
    'destination.healthy',
    'address.refused',
    'control request failed',
    'redrive',
  ];
  const section = sectionOf(reference, 'Log lines');
  expect(
    [...lines, ...Object.keys(securityEvents).map((event) => `security.${event}`)].filter(
      (line) => !section.includes(`\n| \`${line}\` | `),
    ),
  ).toEqual([]);
});
