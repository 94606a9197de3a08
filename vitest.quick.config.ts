import type { ViteUserConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The tests that need no stack, no packaging and no simulated fleet: under a minute on two cores, for use between edits. */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    include: ['test/unit/**/*.test.ts'],
    exclude: ['test/unit/infra/**', 'test/unit/fuzz/**', 'test/unit/**/*-fleet.test.ts'],
    // Half the time, because no test of these leaves anything behind.
    isolate: false,
    reporters: ['default'],
  },
};

export default config;
