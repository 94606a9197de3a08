import type { ViteUserConfig } from 'vitest/config';
import shared from './vitest.shared.config.ts';

/** The packaged functions in Lambda's runtime, processes that are frozen and killed: `npm run test:runtime`, not `npm test`. */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    include: ['test/runtime/*.runtime.ts'],
    globalSetup: ['test/runtime/runtime-setup.ts'],
    // A freeze takes the time that it takes, and an environment half a second to begin.
    testTimeout: 120_000,
    reporters: ['default'],
  },
};

export default config;
