import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { browserArguments, requireChromium, startStack } from './browser-and-stack.ts';

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

/** Starts one browser and one stack for all test files. Each file works in regions of its own, which do not see each other. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const executablePath = requireChromium();
  const [browser, stack] = await Promise.all([
    chromium.launchServer({ executablePath, args: browserArguments }),
    startStack(),
  ]);
  project.provide('browserUrl', browser.wsEndpoint());
  project.provide('stackUrl', stack.url);
  project.provide('consoleUrl', stack.consoleUrl);
  return async () => {
    await browser.close();
    await stack.stop();
  };
}
