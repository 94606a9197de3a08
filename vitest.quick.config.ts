import type { ViteUserConfig } from 'vitest/config';
import shared from './vitest.shared.config.ts';

/** The tests that need no stack, no packaging, no simulated fleet and no thousand random rules: under a minute on two cores, for use between edits. */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    include: ['test/unit/**/*.test.ts'],
    exclude: [
      'test/unit/infra/**',
      'test/unit/fuzz/**',
      'test/unit/local/bus/index/**',
      'test/unit/**/*-fleet.test.ts',
    ],
    // Half the time, because no test of these leaves anything behind.
    isolate: false,
    reporters: ['default'],
  },
};

export default config;
