import type { ViteUserConfig } from 'vitest/config';
import shared from './vitest.shared.config.ts';

/**
 * The contract suites of DynamoDB, SQS, Secrets Manager and S3 against moto, which is a second implementation of these services, and
 * deployments by osls: `npm run test:moto`, not `npm test`.
 */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    include: [
      'test/contract/{dynamodb,sqs}/*.test.ts',
      'test/contract/aws/{secrets,s3-kept-events}.test.ts',
      'test/moto/*.moto.ts',
    ],
    setupFiles: ['test/moto/leave-out-differences.ts'],
    globalSetup: ['test/moto/moto-server.ts'],
    testTimeout: 120_000,
    reporters: ['default'],
  },
};

export default config;
