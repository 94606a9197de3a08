import { globSync } from 'node:fs';
import type { ViteUserConfig } from 'vitest/config';
import quick from './vitest.quick.config.ts';
import shared from './vitest.shared.config.ts';

/** The tests of `npm run test:quick`, whose files share the modules of their thread. */
const withoutIsolation = (quick.test?.include ?? [])
  .flatMap((pattern) => globSync(pattern, { cwd: import.meta.dirname, exclude: quick.test?.exclude ?? [] }))
  .sort();

/** Every test of `npm test`. Each file is in exactly one of the two projects. */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    projects: [
      // Half the processor time, because each module is loaded once for each thread.
      { extends: true, test: { name: 'quick', include: withoutIsolation, isolate: false } },
      { extends: true, test: { name: 'isolated', include: ['test/**/*.test.ts'], exclude: withoutIsolation } },
    ],
  },
};

export default config;
