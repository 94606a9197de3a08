import type { ViteUserConfig } from 'vitest/config';
import { missingForTerraform } from './test/clients/require-clients.ts';
import shared from './vitest.shared.config.ts';

/** Unmodified clients, which npm does not install, drive the local stack: `npm run test:clients`, not `npm test`. */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    include: ['test/clients/*.clients.ts'],
    // Debian has no package of Terraform. `require-clients.ts` says so when its test does not run.
    exclude: missingForTerraform().length === 0 ? [] : ['test/clients/terraform.clients.ts'],
    globalSetup: ['test/clients/require-clients.ts'],
    // A client is a process, and one of the AWS CLI takes seconds on a busy machine.
    testTimeout: 120_000,
    reporters: ['default'],
  },
};

export default config;
