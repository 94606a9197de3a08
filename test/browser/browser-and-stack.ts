import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where Debian, Ubuntu and Google put the browser. */
const usualPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
];

/** Arguments of the browser. */
export const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // All pages of one context share a process: see `sharedContext` in console-page.ts.
  '--process-per-site',
];

/** The path of the browser. Ends the process when there is none, with a line that says what to install. */
export function requireChromium(): string {
  const path = [process.env['CHROMIUM'] ?? '', ...usualPaths].find((each) => each !== '' && existsSync(each));
  if (path !== undefined) return path;
  process.stderr.write('This needs Chromium. On Debian: apt-get install chromium. CHROMIUM names another one.\n');
  process.exit(1);
}

export interface StartedStack {
  readonly url: string;
  readonly consoleUrl: string;
  stop(): Promise<void>;
}

const lastmile = join(import.meta.dirname, '..', '..', 'lib', 'commands', 'lastmile.ts');

/** A process of its own, as a person starts it. In vitest's process, the stack could not find the files of some packages. */
export async function startStack(): Promise<StartedStack> {
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
