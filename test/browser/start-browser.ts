import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';

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

interface StartedStack {
  readonly url: string;
  readonly consoleUrl: string;
  stop(): Promise<void>;
}

const lastmile = join(import.meta.dirname, '..', '..', 'lib', 'commands', 'lastmile.ts');

/** A process of its own, as a person starts it. In vitest's process, the stack could not find the files of some packages. */
async function startStack(): Promise<StartedStack> {
  const args = [lastmile, 'start', '--port', '0', '--until-stdin-closes'];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let url = '';
  for await (const line of createInterface({ input: child.stdout })) {
    url = /^ready (\S+)$/.exec(line)?.[1] ?? url;
    const consoleUrl = /^Console: +(\S+)$/.exec(line)?.[1];
    if (consoleUrl === undefined) continue;
    child.stdout.resume();
    return {
      url,
      consoleUrl,
      async stop() {
        child.stdin.end();
        await ended;
      },
    };
  }
  throw new Error('The stack did not start.');
}

/** Starts one browser and one stack for all test files. Each file works in regions of its own, which do not see each other. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const executablePath = [process.env['CHROMIUM'] ?? '', ...usualPaths].find((path) => path !== '' && existsSync(path));
  if (executablePath === undefined) {
    process.stderr.write(
      'The browser tests need Chromium. On Debian: apt-get install chromium. CHROMIUM names another one.\n',
    );
    process.exit(1);
  }
  const [browser, stack] = await Promise.all([chromium.launchServer({ executablePath, args: settings }), startStack()]);
  project.provide('browserUrl', browser.wsEndpoint());
  project.provide('stackUrl', stack.url);
  project.provide('consoleUrl', stack.consoleUrl);
  return async () => {
    await browser.close();
    await stack.stop();
  };
}
