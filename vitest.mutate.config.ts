import type { ViteUserConfig } from 'vitest/config';
import shared from './vitest.shared.config.ts';

/** The tests that judge a mutant, which `npm run mutate` starts: they must be fast, because each mutant runs them again. */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    include: ['test/unit/{core,delivery,control}/**/*.test.ts'],
    // A simulated fleet takes half a minute, and tests of the time that parsing takes count mutants that are only slow.
    // Half the time a mutant, with the same survivors: no test of these leaves anything for another.
    isolate: false,
    exclude: ['test/unit/delivery/**/*-fleet.test.ts'],
    // A mutant that waits for ever fails here: Stryker would wait for longer, and start the runner again.
    testTimeout: 10_000,
    reporters: ['default'],
  },
};

export default config;
