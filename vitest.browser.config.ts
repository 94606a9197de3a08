import type { ViteUserConfig } from 'vitest/config';
import shared from './vitest.shared.config.ts';

/** The console in Chromium, which npm does not install: `npm run test:browser`, not `npm test`. */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    include: ['test/browser/**/*.browser.ts'],
    // It starts the one browser and the one stack that all files use.
    globalSetup: ['test/browser/start-browser.ts'],
    isolate: false,
    maxWorkers: 2,
    reporters: ['default'],
  },
};

export default config;
