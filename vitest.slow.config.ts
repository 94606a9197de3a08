import type { ViteUserConfig } from 'vitest/config';
import shared from './vitest.shared.config.ts';

/** Tests that start many processes, each for seconds: `npm run test:slow`, not `npm test`. */
const config: ViteUserConfig = {
  ...shared,
  test: { ...shared.test, include: ['test/**/*.slow.ts'], reporters: ['default'] },
};

export default config;
