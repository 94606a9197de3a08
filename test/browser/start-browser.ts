import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { startStack } from '../../lib/local/stack/stack.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a test connects to the browser. */
    readonly browserUrl: string;
    /** The address of the stack. */
    readonly stackUrl: string;
    /** The address with the token, which opens the console. */
    readonly consoleUrl: string;
  }
}

/** Where Debian, Ubuntu and Google put the browser. */
const usualPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
];

const settings = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts one browser and one stack for all test files. Each file works in regions of its own, which do not see each other. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const executablePath = [process.env['CHROMIUM'] ?? '', ...usualPaths].find((path) => path !== '' && existsSync(path));
  if (executablePath === undefined) {
    process.stderr.write(
      'The browser tests need Chromium. On Debian: apt-get install chromium. CHROMIUM names another one.\n',
    );
    process.exit(1);
  }
  const [browser, stack] = await Promise.all([
    chromium.launchServer({ executablePath, args: settings }),
    startStack({ port: 0, output: { line: () => undefined, error: (text) => process.stderr.write(`${text}\n`) } }),
  ]);
  project.provide('browserUrl', browser.wsEndpoint());
  project.provide('stackUrl', stack.url);
  project.provide('consoleUrl', stack.consoleUrl);
  return async () => {
    await browser.close();
    await stack.stop();
  };
}
