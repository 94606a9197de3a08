/** Mutants of the folders that `infra/mutate.mjs` is told, judged by the tests of `vitest.mutate.config.ts`. */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutate.config.ts', related: true },
  // Stryker looks for plugins beside itself, and none but this one is there.
  plugins: ['@stryker-mutator/vitest-runner'],
  coverageAnalysis: 'perTest',
  // Node strips the types and nothing checks them, so the mutated files need no `@ts-nocheck`.
  disableTypeChecks: false,
  incremental: false,
  thresholds: { high: 100, low: 100, break: 100 },
  tempDirName: '.build/stryker',
  cleanTempDir: 'always',
  // Stryker rewrites a tsconfig.json with an interface that TypeScript 7 no longer has, and no test reads it.
  ignorePatterns: [
    '/tsconfig.json',
    '/.build',
    '/.serverless',
    '/.lastmile',
    '/coverage',
    '/docs',
    '/test/{clients,integration,runtime}',
  ],
  reporters: ['clear-text', 'json', 'html'],
  clearTextReporter: { reportTests: false, reportScoreTable: true, skipFull: true, logTests: false },
  jsonReporter: { fileName: '.build/mutation/mutation.json' },
  htmlReporter: { fileName: '.build/mutation/mutation.html' },
  concurrency: 2,
  timeoutMS: 2_000,
};
