import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const inCi = process.env['CI'] === 'true';

export default defineConfig({
  test: {
    // A file to itself for each test file: what one leaves open or sets cannot reach another.
    isolate: true,
    pool: 'threads',
    // Many tests wait for processes, so more of them than processors can run at the same time.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // A machine may stop for a minute. Then a test that takes milliseconds must not fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Less than the limit of a test, so that a failure names what did not come. vitest's own default is a second.
    expect: { poll: { timeout: 100_000 } },
    reporters: ['default', ...(inCi ? (['json'] as const) : [])],
    outputFile: { json: '.build/test-results.json' },
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'functions/**/*.ts'],
      reporter: ['text-summary', 'html', 'lcovonly'],
    },
    env: {
      // Keys that open nothing, and an address where nothing listens: a client that a test forgot to point at its server fails.
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      // The commands that tests start share this cache, as those that npm starts do.
      NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'lastmile'),
    },
  },
});
