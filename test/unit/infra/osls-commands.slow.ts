import { expect, test } from 'vitest';
import { runOsls, runOslsWith } from './packaged-template.ts';

test.each(['deploy', 'remove'])(
  'the command sls %s without a stage is refused before any request',
  async (command) => {
    const { status, output } = await runOsls(command);
    expect(output).toContain(
      `Say which stack: npx sls ${command} --stage prod. Stage local runs on this machine: npm start.`,
    );
    expect(status).toBe(1);
  },
  60_000,
);

test.each([
  [{ AWS_DEFAULT_REGION: 'eu-north-1' }, 'eu-north-1'],
  [{ AWS_DEFAULT_REGION: 'eu-north-1', AWS_REGION: 'eu-central-1' }, 'eu-central-1'],
])(
  'osls deploys to the region that the AWS CLI would use with %j',
  async (variables, region) => {
    const { output } = await runOslsWith({ variables }, 'print', '--stage', 'test', '--path', 'provider.region');
    expect(output.trim()).toBe(region);
  },
  60_000,
);

test('packaging fails for a variable that the functions would refuse, and the error names it', async () => {
  const deployed = '  REQUEST_TIMEOUT_MS: 60000\n  CACHE_SECONDS: often\n';
  const { status, output } = await runOslsWith({ deployed }, 'package', '--stage', 'test');
  expect(output).toContain(
    'infra/environment.yml: Bad environment: CACHE_SECONDS must be a whole number from 0 to 900',
  );
  expect(status).toBe(1);
});

test('an invalid stage name is refused', async () => {
  const { status, output } = await runOsls('package', '--stage', `p${'o'.repeat(32)}`);
  expect(output).toContain(
    'use lower-case letters, digits and hyphens. Begin with a letter, and use at most 32 characters.',
  );
  expect(status).toBe(1);
});
