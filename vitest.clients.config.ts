import type { ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** Unmodified clients, which npm does not install, drive the local stack: `npm run test:clients`, not `npm test`. */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    include: ['test/clients/*.clients.ts'],
    globalSetup: ['test/clients/require-clients.ts'],
    // A client is a process, and one of the AWS CLI takes half a second to begin.
    testTimeout: 60_000,
    reporters: ['default'],
  },
};

export default config;
