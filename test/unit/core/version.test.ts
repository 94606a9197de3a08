import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { version } from '../../../lib/core/version.ts';

test('the version in the user agent is the version of the package', () => {
  expect(version).toBe(packageJson.version);
});
