import { commandLine } from './command.ts';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { defaultStackUrl } from './stack-address.ts';

const usage = `Runs one function of serverless.yml, as 'npx sls invoke local' does. It bundles the function as a deployment does, and runs
it against the local stack. If no stack runs, it starts a throw-away one, whose endpoint prints what it gets.

  ${commandLine('invoke', '-f deliver -p test/events/envelope-http-parameters.json')}

  -f, --function <name>   name of the function in serverless.yml
  -p, --path <file>       file that holds the event; or pass the event itself with -d '<json>'
  --help                  show this text; every other option of 'sls invoke local' works too

Set AWS_ENDPOINT_URL to the address of the stack (default: ${defaultStackUrl}). Set API_DESTINATION to the API
destination of events that name none; without it, deliver refuses them on a running stack.
Exit status: 0 the function returned, 1 it failed, 2 wrong usage.`;

export async function run(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage);
    return 0;
  }
  const functionName = functionIn(args);
  if (functionName === undefined) {
    console.error(`Name the function with -f <name>.\n\n${usage}`);
    return 2;
  }
  return await invokeLocal(args);
}

function functionIn(args: readonly string[]): string | undefined {
  const index = args.findIndex((argument) => argument === '-f' || argument === '--function');
  return index < 0 ? args.find((argument) => argument.startsWith('--function='))?.slice(11) : args[index + 1];
}

/** @returns the exit status of osls: 1 when the function failed or could not be loaded */
async function invokeLocal(args: readonly string[]): Promise<number> {
  const osls = createRequire(import.meta.url).resolve('osls/bin/serverless.js');
  const command = [osls, 'invoke', 'local', '--stage', 'local', ...args];
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  spawn(process.execPath, command, { stdio: 'inherit' })
    .once('error', reject)
    .once('exit', (status) => resolve(status ?? 1));
  return await promise;
}
