import { devNull } from 'node:os';
import { ConfigError } from '../config.ts';
import { StartError } from '../local/stack/data-folder.ts';
import { describeError } from '../local/stack/wire.ts';
import { type Stack, startStack } from '../local/stack/stack.ts';
import { FlagError, parseStartFlags, usage } from './flags.ts';

/** Removes the AWS settings of the shell, so that nothing in this process can reach a real AWS account. */
function forgetAws(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
  process.env['AWS_ACCESS_KEY_ID'] = 'local';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'local';
  process.env['AWS_CONFIG_FILE'] = devNull;
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = devNull;
}

/** Keeps the stack running when the program that reads its output ends (`npm start | head`). */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

async function start(args: readonly string[]): Promise<Stack | undefined> {
  const { help, ...options } = parseStartFlags(args);
  if (help) {
    console.log(usage);
    return undefined;
  }
  const environment = { ...process.env };
  forgetAws();
  const noColour = environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '';
  const colour = process.stdout.isTTY && !noColour;
  return startStack({ ...options, environment, output: { line: console.log, error: console.error, colour } });
}

const parentCheckMs = 200;

/** The first signal stops the stack cleanly. The second one ends the process at once. */
function stopOnSignals(stack: Stack): void {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    void stack.stop().then(() => process.exit(0));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  if (process.env['npm_lifecycle_event'] !== undefined) stopWithParent(onSignal);
}

/** npm passes a signal only to the shell that runs this command. So this process stops when the shell has ended. */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, parentCheckMs);
}

/**
 * Failure policy: an error that nothing caught is printed, and the stack goes on. The cause may be a request that the embedded
 * database cannot handle, or a bug in one function. On AWS, neither would stop the other functions. Here, the end of the
 * process would lose all data in memory.
 */
function surviveFaults(): void {
  const say = (error: unknown): void => console.error(`Unexpected: ${describeError(error)}`);
  process.on('uncaughtException', say).on('unhandledRejection', say);
}

outliveReaders();
try {
  const stack = await start(process.argv.slice(2));
  if (stack !== undefined) {
    surviveFaults();
    stopOnSignals(stack);
    console.log(`ready ${stack.url}`);
  }
} catch (error) {
  if (!(error instanceof FlagError || error instanceof StartError || error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
