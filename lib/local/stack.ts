import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../adapters/system-clock.ts';
import type { Environment } from '../config.ts';
import type { Clock } from '../ports.ts';
import { AsynchronousInvocations, lambdaRetryDelaysMs } from './asynchronous-invocations.ts';
import { type DataFolder, openDataFolder, StartError } from './data-folder.ts';
import { checkVariables, functionVariables, runtimeVariables } from './environment.ts';
import { createFailedInvocations } from './failed-invocations.ts';
import { describeError, describeFailedInvocation } from './faults.ts';
import { deployedFunctions, type FunctionSurroundings, type LocalFunction } from './function-instances.ts';
import { FunctionRunner, physicalName } from './function-runner.ts';
import { createGateway } from './gateway.ts';
import { InvocationStore } from './invocation-store.ts';
import { createReadableDeliveryLog } from './readable-delivery-log.ts';
import { createServices } from './services.ts';
import { queueUrl } from './sqs-names.ts';

export interface StackOutput {
  /** One line per delivery. */
  readonly line: (text: string) => void;
  /** What went wrong in the stack itself or in a function. */
  readonly error: (text: string) => void;
  readonly colour?: boolean;
}

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

/** How long a stop waits for what is under way. */
const graceMs = 1000;

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
  const colour = output.colour ?? false;
  const deliveryLog = createReadableDeliveryLog({ writeLine: output.line, nowMs: () => clock.nowMs(), colour });
  const surroundings = (name: string, region: string): FunctionSurroundings => ({
    environment: {
      ...functionVariables(environment, (queueName) =>
        queueUrl({ account, host: url.slice('http://'.length) }, queueName),
      ),
      ...runtimeVariables(name, region),
    },
    aws: { region, endpoint: url, credentials: { accessKeyId: name, secretAccessKey: 'local' } },
    deliveryLog,
  });
  const functions = options.functions ?? deployedFunctions(config.REQUEST_TIMEOUT_MS);
  const runner = new FunctionRunner({ functions, account, clock, surroundings });
  const reportFault = (where: string, error: unknown): void => {
    if (stopping === undefined) output.error(`${where} failed: ${describeError(error)}`);
  };
  const onFailed = createFailedInvocations({
    functionNames: ['deliver'],
    arnOf: (name, region) => runner.arnOf(physicalName(name), region),
    nowMs: () => clock.nowMs(),
    send: (region, message) => services.sendDeadLetter(region, message),
    report: (failed) => output.error(describeFailedInvocation(failed)),
    reportFault,
  });
  const store = new InvocationStore(folder.database);
  const asynchronous = new AsynchronousInvocations({ store, runner, clock, retryDelaysMs, onFailed });
  const services = createServices({
    account,
    folder,
    config,
    clock,
    runner,
    asynchronous,
    host: () => url.slice('http://'.length),
    rootSecret: () => randomBytes(32).toString('base64'),
    reportError: output.error,
    reportFault,
  });
  const server = createGateway({
    routes: services.routes,
    health: { status: 'ok', account, services: services.routes.map((route) => route.service) },
    reportFault,
  });
  const boundPort = await listen(server, host, port);
  url = urlOf(host, boundPort);
  asynchronous.start();
  services.start();
  const stop = async (): Promise<void> => {
    await endWork(server, [asynchronous, services]);
    await services.close();
    folder.close();
  };
  return { url, port: boundPort, stop: () => (stopping ??= stop()) };
}

/** Lets nothing begin, and gives what is under way its time to end. */
async function endWork(
  server: Server,
  workers: readonly { readonly stop: (grace: Promise<unknown>) => Promise<void> }[],
): Promise<void> {
  const timer = new AbortController();
  const grace = systemClock.delay(graceMs, timer.signal).catch(() => undefined);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.all([Promise.race([closed, grace]), ...workers.map((worker) => worker.stop(grace))]);
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
