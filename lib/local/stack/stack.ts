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
import { createGateway } from './gateway.ts';
import type { StackOutput } from './interior.ts';
import { createInterior } from './interior.ts';
import type { ResettableInterior } from './reset.ts';
import { createResettableInterior, graceMs } from './reset.ts';

export interface StackOptions {
  /** Default 4010; 0 picks a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: nothing survives the stack. */
  readonly dataDir?: string;
  /** Twelve digits; default 123456789012. */
  readonly account?: string;
  /** Variables that take the place of the stack's own; others are ignored. Default: none. */
  readonly environment?: Environment;
  /** Default: silence. */
  readonly output?: StackOutput;
  /** Whether the control API and the bus ask for API keys, as deployed. Default: they do not. */
  readonly auth?: boolean;
  /** Default: the deployed ones. */
  readonly functions?: readonly LocalFunction[];
  /** Waits between the runs of a failing asynchronous invocation; default those of Lambda. */
  readonly retryDelaysMs?: readonly number[];
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface Stack {
  /** `http://<host>:<port>` */
  readonly url: string;
  readonly port: number;
  /** Within a second or so, whatever is under way. */
  stop(): Promise<void>;
}

const defaultPort = 4010;
const defaultHost = '127.0.0.1';
const defaultAccount = '123456789012';

/**
 * Starts the whole stack on one port.
 *
 * @throws StartError or ConfigError, each in one line for whoever starts it
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { account = defaultAccount, environment = {} } = options;
  if (!/^[0-9]{12}$/.test(account)) throw new StartError(`An account number has twelve digits, unlike ${account}.`);
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
  let stopping: Promise<void> | undefined;
  const reportFault = (where: string, error: unknown): void => {
    if (stopping === undefined) output.error(`${where} failed: ${describeError(error)}`);
  };
  const interior = createResettableInterior(folder, (accessKeyId) =>
    createInterior({
      account,
      folder,
      config,
      clock,
      environment,
      auth: options.auth ?? false,
      functions: options.functions ?? deployedFunctions(config.FUNCTION_TIMEOUT_SECONDS),
      retryDelaysMs,
      output,
      url: () => url,
      reportFault,
      accessKeyId,
    }),
  );
  const server = createGateway({
    routes: interior.routes,
    health: { status: 'ok', account, services: interior.routes().map((route) => route.service) },
    reset: interior.reset,
    isRetired: interior.isRetired,
    reportFault,
  });
  const boundPort = await listen(server, host, port);
  url = urlOf(host, boundPort);
  interior.start();
  const stop = async (): Promise<void> => {
    await endWork(server, interior);
    await interior.close();
    folder.close();
  };
  return { url, port: boundPort, stop: () => (stopping ??= stop()) };
}

/** Lets nothing begin, and gives what is under way its time to end. */
async function endWork(server: Server, interior: Pick<ResettableInterior, 'stop'>): Promise<void> {
  const timer = new AbortController();
  const grace = systemClock.delay(graceMs, timer.signal).catch(() => undefined);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.all([Promise.race([closed, grace]), interior.stop(grace)]);
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
  return `Cannot listen on port ${port} of ${host}: ${error.code ?? error.name}.`;
}

/** An address that stands for every interface is reached by the loopback one. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? defaultHost : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
