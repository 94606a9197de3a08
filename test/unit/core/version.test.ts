import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { version } from '../../../lib/core/version.ts';

test('the version that requests carry is the one of the package', () => {
  expect(version).toBe(packageJson.version);
});
