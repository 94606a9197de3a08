import { getCompileCacheDir } from 'node:module';
import { devNull } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createOutputLines } from '../adapters/log/output-lines.ts';
import { ConfigError } from '../config.ts';
import type { Waiting } from '../local/stack/backends.ts';
import { StartError } from '../local/stack/data-folder.ts';
import { describeError } from '../local/stack/wire.ts';
import { counted } from '../local/terminal-text.ts';
import { type Stack, startStack } from '../local/stack/stack.ts';
import { commandLine, Exit, packageFolder } from './command.ts';
import { parseStartFlags, type StartFlags, usage } from './start-flags.ts';

/** Options of V8 that bound the memory of the stack. Measured: docs/decisions/local-stack.md. */
export const heapOptions: readonly string[] = ['--max-semi-space-size=8', '--heap-growing-percent=30'];

/**
 * Node takes the options only when it starts. So this starts Node again, in place of this process, which keeps its id, its terminal
 * and its parent. On Windows, and for a parent that talks to this process, the stack runs with more memory instead.
 */
function boundHeap(): void {
  const { execve, execPath, execArgv, argv, env, channel } = process;
  const missing = heapOptions.filter((option) => !execArgv.includes(option));
  if (missing.length === 0 || execve === undefined || channel !== undefined) return;
  const cache = getCompileCacheDir();
  const variables = cache === undefined ? env : { NODE_COMPILE_CACHE: dirname(cache), ...env };
  execve(execPath, [execPath, ...missing, ...execArgv, ...argv.slice(1)], variables);
}

/** Removes the AWS settings of the shell, so that nothing in this process can reach a real AWS account. */
function forgetAws(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
  process.env['AWS_ACCESS_KEY_ID'] = 'local';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'local';
  process.env['AWS_CONFIG_FILE'] = devNull;
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = devNull;
}

/** Keeps the stack running when the program that reads its output ends (`lastmile start | head`). */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

interface Started {
  readonly stack: Stack;
  /** The first line is `ready <address>`; the others say what to do next. */
  readonly lines: readonly string[];
  readonly untilStdinCloses: boolean;
}

async function start(args: readonly string[]): Promise<Started | undefined> {
  const { help, untilStdinCloses = false, ...options } = parseStartFlags(args);
  if (help) {
    console.log(usage);
    return undefined;
  }
  boundHeap();
  const environment = { ...process.env };
  forgetAws();
  const noColour = environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '';
  const colour = process.stdout.isTTY && !noColour;
  const write = createOutputLines((text) => void process.stdout.write(text));
  const output = { line: (text: string) => write(`${text}\n`), error: console.error, colour };
  const stack = await startStack({ ...options, environment, output, onLost: sayWhatIsLost });
  return { stack, lines: [`ready ${stack.url}`, ...nextSteps(stack, options)], untilStdinCloses };
}

function sayWhatIsLost({ events, deadLetters }: Waiting): void {
  const lost = [
    ...(events > 0 ? [counted(events, 'waiting event')] : []),
    ...(deadLetters > 0 ? [counted(deadLetters, 'dead letter')] : []),
  ];
  if (lost.length === 0) return;
  console.error(`Lost with the memory of this stack: ${lost.join(' and ')}. --data-dir <folder> keeps them.`);
}

/** Its path from the folder of the user, in a checkout or below node_modules. */
const guidePage = relative('.', join(packageFolder, 'docs', 'guide', 'local-stack.md'));

function nextSteps(
  { url, consoleUrl }: Pick<Stack, 'url' | 'consoleUrl'>,
  { auth = false, dataDir }: Pick<StartFlags, 'auth' | 'dataDir'>,
): readonly string[] {
  const keys = auth
    ? [`  # this stack asks for API keys, and ${commandLine('keys', 'create --api control')} makes the first one`]
    : ['  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local', '  unset AWS_PROFILE AWS_SESSION_TOKEN'];
  const kept =
    dataDir === undefined
      ? 'Everything is in memory and ends with this process; --data-dir <folder> keeps it.'
      : `Everything is kept in ${dataDir}.`;
  return [
    '',
    `Console:        ${consoleUrl}`,
    '',
    'Paste this into another shell, so that every AWS client in it uses this stack:',
    `  export AWS_ENDPOINT_URL=${url} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1`,
    ...keys,
    'First command:  aws events list-api-destinations',
    `Next steps:     ${guidePage}`,
    `${kept} Ctrl-C stops it.`,
    '',
  ];
}

const parentCheckMs = 200;

/** The first signal stops the stack cleanly. The second one ends the process at once. */
function stopOnSignals({ stack, untilStdinCloses }: Started): void {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    void stack.stop().then(() => process.exit(0));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  if (untilStdinCloses) process.stdin.on('close', onSignal).on('error', onSignal).resume();
  if (hasGoBetween()) stopWithParent(onSignal);
}

/** Whether npm's shell or infra/node/lastmile.cjs, which sets LASTMILE_NODE, is between this process and its user. */
function hasGoBetween(): boolean {
  return process.env['npm_lifecycle_event'] !== undefined || process.env['LASTMILE_NODE'] !== undefined;
}

/**
 * npm passes a signal only to the shell that runs this command, and nobody passes on `kill -9`. So this process stops when its
 * parent has ended.
 */
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

/** Resolves when the stack runs, which then keeps the process alive. */
export async function run(args: string[]): Promise<number> {
  outliveReaders();
  try {
    const started = await start(args);
    if (started !== undefined) {
      surviveFaults();
      stopOnSignals(started);
      console.log(started.lines.join('\n'));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof Exit || error instanceof StartError || error instanceof ConfigError)) throw error;
    console.error(error.message);
    return 2;
  }
}
