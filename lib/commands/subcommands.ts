import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../core/input/did-you-mean.ts';
import { version } from '../core/version.ts';
import { Exit, packageFolder } from './command.ts';

interface Command {
  /** Does the work. With the argument --help, it prints the usage. Returns the exit status. */
  run(args: string[]): Promise<number>;
}

interface Subcommand {
  readonly does: string;
  /** Loads the code only when it is called, so that every subcommand starts fast. */
  readonly load: () => Promise<Command>;
}

export const subcommands: Readonly<Record<string, Subcommand>> = {
  start: { does: 'starts the local stack', load: () => import('./start.ts') },
  demo: { does: 'sends sample events through a stack of its own', load: () => import('./demo/demo.ts') },
  send: { does: 'sends one event to an API destination', load: () => import('./send.ts') },
  history: { does: 'lists deliveries', load: () => import('./deliveries/history.ts') },
  show: { does: 'shows every attempt of one event', load: () => import('./deliveries/show.ts') },
  'dead-letters': { does: 'lists dead letters with their reasons', load: () => import('./deliveries/dead-letters.ts') },
  replay: { does: 'delivers one event again', load: () => import('./deliveries/replay.ts') },
  redrive: { does: 'moves dead letters back into the delivery queue', load: () => import('./deliveries/redrive.ts') },
  policy: { does: 'sets and shows policies of API destinations and connections', load: () => import('./policy.ts') },
  adopt: { does: 'moves rules of EventBridge to Lastmile, and back', load: () => import('./adopt/adopt.ts') },
  health: { does: 'shows which endpoints fail, are slow or are paused', load: () => import('./health.ts') },
  keys: { does: 'makes, lists, changes and deletes API keys', load: () => import('./keys.ts') },
  console: { does: 'shows a deployed stack in a browser', load: () => import('./console.ts') },
  invoke: { does: 'runs one function once, as it is deployed', load: () => import('./invoke.ts') },
  package: { does: 'packages the functions for a stage', load: async () => script('package', 'infra/package.mjs') },
  deploy: {
    does: 'creates or updates the stack of a stage in your AWS account',
    load: () => import('./deploy/deploy.ts'),
  },
  soak: {
    does: 'checks that no event is lost while stacks are killed',
    load: async () => script('soak', 'soak/soak.ts'),
  },
};

/**
 * A subcommand that is a file outside of lib/. It runs in a process of its own. Some of these files are only in a checkout.
 *
 * @throws Exit 2
 */
function script(name: string, file: string): Command {
  const path = join(packageFolder, file);
  if (!existsSync(path))
    throw new Exit(2, `${calledAs} ${name} works only in a checkout of Lastmile, because it needs ${file}.`);
  return {
    run: async (args) => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      spawn(process.execPath, [path, ...args], { stdio: 'inherit' })
        .once('error', reject)
        .once('exit', (status) => resolve(status ?? 1));
      return await promise;
    },
  };
}

/** In a checkout, npx finds the command too. */
const calledAs = process.env['LASTMILE_CALLED_AS'] ?? 'npx lastmile';

function usage(): string {
  const width = Math.max(...Object.keys(subcommands).map((name) => name.length));
  const lines = Object.entries(subcommands).map(([name, { does }]) => `  ${name.padEnd(width)}  ${does}`);
  return `Lastmile ${version}: EventBridge API destinations, on your machine and in your AWS account.

  ${calledAs} <command> [options]

${lines.join('\n')}

  --version  print the version, also after a command
  --help     show this text; with a command before it, explain that command

Commands talk to the local stack, and with --stage <stage> to a deployed one.
Exit status: 0 done, 1 failed or refused, 2 wrong usage or could not start.`;
}

/** Runs the subcommand that the first argument names. @returns the exit status */
export async function runLastmile(args: readonly string[]): Promise<number> {
  try {
    return await main(args);
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    console.error(error.message);
    return error.status;
  }
}

async function main([name = 'help', ...args]: readonly string[]): Promise<number> {
  const isAboutVersion = (argument: string | undefined) => argument === '--version' || argument === '-v';
  if (isAboutVersion(name) || (Object.hasOwn(subcommands, name) && args.length === 1 && isAboutVersion(args[0]))) {
    console.log(version);
    return 0;
  }
  if (name === 'help' && args[0] !== undefined) return await main([args[0], '--help']);
  if (name === 'help' || name === '--help' || name === '-h') {
    console.log(usage());
    return 0;
  }
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (subcommand === undefined) throw new Exit(2, unknown(name));
  return await (await subcommand.load()).run([...args]);
}

function unknown(name: string): string {
  const what = name.startsWith('-') ? 'option' : 'command';
  const question = didYouMean(name, Object.keys(subcommands));
  return [
    `There is no ${what} ${name}.`,
    ...(question === undefined ? [] : [question]),
    `See ${calledAs} --help.`,
  ].join(' ');
}
