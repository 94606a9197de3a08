import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../adapters/system-clock.ts';
import type { Environment } from '../../config.ts';
import type { Clock } from '../../ports/clock.ts';
import { lambdaRetryDelaysMs } from '../lambda/asynchronous-invocations.ts';
import type { DataFolder } from './data-folder.ts';
import { StartError, openDataFolder } from './data-folder.ts';
import { checkVariables } from './environment.ts';
import { describeError } from './wire.ts';
import type { LocalFunction } from '../lambda/function-instances.ts';
import { deployedFunctions } from '../lambda/function-instances.ts';
import { createLocalConsole } from '../console/console.ts';
import { createGateway } from './gateway.ts';
import type { Waiting } from './backends.ts';
import { removeOwnerKey, writeOwnerKey } from './owner-key.ts';
import type { StackOutput } from './parts.ts';
import { createStackParts } from './parts.ts';
import type { ResettableParts } from './reset.ts';
import { createResettableParts, graceMs } from './reset.ts';

export interface StackOptions {
  /** Default 4010; 0 picks a free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: all data is lost when the stack stops. */
  readonly dataDir?: string;
  /** Twelve digits; default 123456789012. */
  readonly account?: string;
  /** Variables for the functions, instead of the stack's defaults; unknown variables are ignored. Default: none. */
  readonly environment?: Environment;
  /** Default: no output. */
  readonly output?: StackOutput;
  /** Whether every service requires a signature with an API key. Default: no. */
  readonly auth?: boolean;
  /** Called when a stack without a data folder has stopped, with what is lost. Default: nothing is counted. */
  readonly onLost?: (lost: Waiting) => void;
  /** Default: the deployed functions. */
  readonly functions?: readonly LocalFunction[];
  /** Waits before the retries of a failed asynchronous invocation. Default: those of Lambda. */
  readonly retryDelaysMs?: readonly number[];
  /** Default: the system clock. */
  readonly clock?: Clock;
}

export interface Stack {
  /** `http://<host>:<port>` */
  readonly url: string;
  readonly port: number;
  /** The address that opens the console in a browser. It holds the console's token. */
  readonly consoleUrl: string;
  /** Resolves within about a second, even while work is running. */
  stop(): Promise<void>;
}

const defaultPort = 4010;
const defaultHost = '127.0.0.1';
const defaultAccount = '123456789012';

/**
 * Starts the whole stack on one port.
 *
 * @throws StartError or ConfigError
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { account = defaultAccount, environment = {} } = options;
  if (!/^[0-9]{12}$/.test(account))
    throw new StartError(`The account must be twelve digits, such as ${defaultAccount}; it is ${account}.`);
  const config = checkVariables(environment);
  const folder = openDataFolder(options.dataDir, account);
  try {
    return await assemble(options, account, folder, config);
  } catch (error) {
    folder.close();
    throw error;
  }
}

async function assemble(
  options: StackOptions,
  account: string,
  folder: DataFolder,
  config: ReturnType<typeof checkVariables>,
): Promise<Stack> {
  const { output = { line: () => undefined, error: () => undefined }, clock = systemClock, environment = {} } = options;
  const { host = defaultHost, port = defaultPort, retryDelaysMs = lambdaRetryDelaysMs } = options;
  let url = '';
  let boundPort = 0;
  let stopping: Promise<void> | undefined;
  const reportFault = (where: string, error: unknown): void => {
    if (stopping === undefined) output.error(`${where} failed: ${describeError(error)}`);
  };
  const ownerSecret = options.auth === true ? randomBytes(32).toString('hex') : undefined;
  const parts = createResettableParts(folder, (accessKeyId) =>
    createStackParts({
      account,
      folder,
      config,
      clock,
      environment,
      ownerSecret,
      functions: options.functions ?? deployedFunctions(config.FUNCTION_TIMEOUT_SECONDS),
      retryDelaysMs,
      output,
      url: () => url,
      reportFault,
      accessKeyId,
    }),
  );
  const localConsole = createLocalConsole({
    listenHost: host,
    port: () => boundPort,
    account,
    privateNetworks: config.PRIVATE_NETWORK_ALLOWLIST ?? '',
    perform: parts.perform,
  });
  const server = createGateway({
    console: localConsole,
    listenHost: host,
    routes: parts.routes,
    health: { status: 'ok', account, services: [...new Set(parts.routes().map((route) => route.service))] },
    check: parts.check,
    reset: parts.reset,
    isRetired: parts.isRetired,
    reportFault,
  });
  boundPort = await listen(server, host, port);
  url = urlOf(host, boundPort);
  try {
    if (ownerSecret !== undefined) writeOwnerKey(boundPort, ownerSecret);
  } catch (error) {
    server.close();
    throw error;
  }
  parts.start();
  for (const line of [...folder.remarks, ...remarksOnHost(host, options.auth ?? false)]) output.error(line);
  const stop = async (): Promise<void> => {
    if (ownerSecret !== undefined) removeOwnerKey(boundPort);
    await endWork(server, parts);
    if (folder.path === undefined && options.onLost !== undefined) options.onLost(await parts.waiting());
    await parts.close();
    folder.close();
  };
  const consoleUrl = localConsole.firstUrl(url);
  return { url, port: boundPort, consoleUrl, stop: () => (stopping ??= stop()) };
}

function remarksOnHost(host: string, auth: boolean): readonly string[] {
  if (isLoopback(host)) return [];
  const who = auth
    ? 'The stack asks them for API keys.'
    : 'They can read and change everything in this stack without a key; --auth asks for API keys.';
  return [`The stack listens on ${host}, so other machines can reach it. ${who}`];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** Starts no further work, and waits up to `graceMs` for the running work. */
async function endWork(server: Server, parts: Pick<ResettableParts, 'stop'>): Promise<void> {
  const timer = new AbortController();
  const grace = systemClock.delay(graceMs, timer.signal).catch(() => undefined);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.all([Promise.race([closed, grace]), parts.stop(grace)]);
  timer.abort();
  server.closeAllConnections();
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new StartError(whyNotListening(error, host, port), { cause: error })));
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

function whyNotListening(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `Port ${port} of ${host} is in use; --port 0 picks a free one.`;
  return `Cannot listen on port ${port} of ${host}: ${error.code ?? error.name}. Choose another address with --host and --port.`;
}

/** The URL of the stack. If the host stands for every interface, the URL names the loopback address. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? defaultHost : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
