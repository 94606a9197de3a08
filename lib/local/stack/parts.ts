import { randomBytes } from 'node:crypto';
import type { Config, Environment } from '../../config.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeliveryLog } from '../../ports/delivery.ts';
import type { Authentication } from '../../protocol/control-request.ts';
import { AsynchronousInvocations } from '../lambda/asynchronous-invocations.ts';
import type { DataFolder } from './data-folder.ts';
import { localInvocations } from '../sqs/poller.ts';
import { functionVariables, runtimeVariables } from './environment.ts';
import { createFailedInvocations } from '../lambda/failed-invocations.ts';
import { describeFailedInvocation } from './wire.ts';
import type { FunctionDependencies, LocalFunction } from '../lambda/function-instances.ts';
import { FunctionRunner, physicalName } from '../lambda/function-runner.ts';
import { InvocationStore } from '../lambda/invocation-store.ts';
import {
  createReadableConnectionLog,
  createReadableCredentialsLog,
  createReadableDeliveryLog,
  createReadableHealthLog,
  createReadableSecurityLog,
} from '../lambda/readable-logs.ts';
import { createRegionalAuthentication } from '../lambda/function-url.ts';
import { counted, printable } from '../terminal-text.ts';
import { RepeatedLine } from './repeated-line.ts';
import { checkCallers, createCallerCheck, orOwner, signedServices } from './callers.ts';
import type { PerformOperation } from '../../console/door/door.ts';
import type { Route } from './routes.ts';
import type { LocalRequest } from './wire.ts';
import type { Waiting } from './backends.ts';
import { createServices } from './backends.ts';
import { queueUrl } from '../sqs/names.ts';
import { SqliteDeliveryHistory } from '../history/sqlite-history.ts';
import { SqliteKeptEvents, keptEventsLimits } from '../history/sqlite-kept-events.ts';

export interface StackOutput {
  /** Writes one line of the log, for example for a delivery or for a connection that was deauthorized. */
  readonly line: (text: string) => void;
  /** Writes a failure of a function or of the stack itself. */
  readonly error: (text: string) => void;
  readonly colour?: boolean;
}

export interface StackPartsOptions {
  readonly account: string;
  readonly folder: DataFolder;
  readonly config: Config;
  readonly clock: Clock;
  readonly environment: Environment;
  /** The secret of the stack's owner; undefined when the stack accepts any credentials. */
  readonly ownerSecret: string | undefined;
  readonly functions: readonly LocalFunction[];
  /** Waits before the retries of a failed asynchronous invocation. */
  readonly retryDelaysMs: readonly number[];
  readonly output: StackOutput;
  /** The URL of the gateway; empty until the gateway listens. */
  readonly url: () => string;
  readonly reportFault: (where: string, error: unknown) => void;
  /** The access key id with which a function's clients sign. */
  readonly accessKeyId: (functionName: string) => string;
}

/** The services and functions of a stack, without its port and its data folder. */
export interface StackParts {
  readonly routes: readonly Route[];
  /** Performs an operation for the console. */
  readonly perform: PerformOperation;
  /** Checks who asks the stack itself for something. Throws Refusal. */
  check(request: LocalRequest): Promise<void>;
  /** The events and dead letters that the stack keeps. */
  waiting(): Promise<Waiting>;
  /** Resumes the work that an earlier process left. */
  start(): void;
  /** Starts no further work; resolves when the running work has ended or the grace period is over. */
  stop(grace: Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** A test may call the stores more often than a deployment tool calls the control API. */
const otherServices = { services: signedServices, ratePerSecond: 1000 };

export function createStackParts(options: StackPartsOptions): StackParts {
  const { account, folder, config, clock, output, ownerSecret, reportFault } = options;
  const host = (): string => options.url().slice('http://'.length);
  const functionSecret = randomBytes(32).toString('hex');
  const records = createRecords(options);
  const dependenciesWith = createDependencies(options, functionSecret, records);
  const refusedKeys = reportRefusedKeys(options);
  const keysFor = (limits: Parameters<typeof createRegionalAuthentication>[2] = {}) =>
    createRegionalAuthentication(dependenciesWith('none'), clock, { ...limits, onRefusal: refusedKeys.add });
  const authentication = ownerSecret === undefined ? 'none' : orOwner(keysFor(), ownerSecret, clock);
  const check =
    ownerSecret === undefined
      ? undefined
      : createCallerCheck(orOwner(keysFor(otherServices), ownerSecret, clock), functionSecret, clock);
  const dependencies = dependenciesWith(authentication);
  const runner = new FunctionRunner({ functions: options.functions, account, clock, dependencies });
  const onFailed = createFailedInvocations({
    functionNames: ['deliver'],
    arnOf: (name, region) => runner.arnOf(physicalName(name), region),
    nowMs: () => clock.nowMs(),
    send: (region, message) => services.sendDeadLetter(region, message),
    report: (failed) => output.error(describeFailedInvocation(failed)),
    reportFault,
  });
  const store = new InvocationStore(folder.database);
  const { retryDelaysMs } = options;
  const asynchronous = new AsynchronousInvocations({ store, runner, clock, retryDelaysMs, onFailed });
  const services = createServices({
    account,
    folder,
    config,
    clock,
    runner,
    asynchronous,
    history: records.history,
    keptEvents: records.keptEvents,
    host,
    authentication,
    functionSecret,
    rootSecret: () => randomBytes(32).toString('base64'),
    writeLine: output.line,
    reportError: output.error,
    reportFault,
  });
  return {
    routes: check === undefined ? services.routes : checkCallers(services.routes, check),
    perform: services.perform,
    check: check ?? (() => Promise.resolve()),
    async waiting() {
      const { events, deadLetters } = await services.waiting();
      return { events: events + store.countPending('deliver'), deadLetters };
    },
    start() {
      asynchronous.start();
      services.start();
    },
    async stop(grace) {
      refusedKeys.stop();
      await Promise.all([asynchronous.stop(grace), services.stop(grace)]);
    },
    async close() {
      records.close();
      await services.close();
    },
  };
}

/** Says in the terminal, at most once in a while, how many requests had no valid key. */
function reportRefusedKeys({ clock, output }: StackPartsOptions) {
  const refused = new RepeatedLine<string>(clock, (count, last) =>
    output.error(`${counted(count, 'request')} had no valid key. ${last}`),
  );
  return {
    add(publicId: string | undefined): void {
      refused.add(
        publicId === undefined
          ? 'The last one named no key.'
          : `The last one named the key ${printable(publicId, 20)}.`,
      );
    },
    stop: () => refused.stop(),
  };
}

/** The records that the stack has of its deliveries. */
interface Records {
  readonly history: SqliteDeliveryHistory;
  readonly keptEvents: SqliteKeptEvents;
  close(): void;
}

function createRecords({ folder: { database, path }, clock, reportFault }: StackPartsOptions): Records {
  const nowMs = (): number => clock.nowMs();
  const reportHistory = (error: unknown): void => reportFault('the delivery history', error);
  const history = new SqliteDeliveryHistory({ database, nowMs, reportFault: reportHistory });
  const limits = path === undefined ? keptEventsLimits.inMemory : keptEventsLimits.inDataFolder;
  const keptEvents = new SqliteKeptEvents({ database, nowMs, limits });
  return {
    history,
    keptEvents,
    close() {
      history.close();
      keptEvents.close();
    },
  };
}

function createDependencies(
  options: StackPartsOptions,
  functionSecret: string,
  { history, keptEvents }: Records,
): (authentication: Authentication | 'none') => (name: string, region: string) => FunctionDependencies {
  const { account, environment, clock, output, url, accessKeyId } = options;
  const { line: writeLine, colour = false } = output;
  const nowMs = (): number => clock.nowMs();
  const terminal = createReadableDeliveryLog({ writeLine, nowMs, colour });
  const connectionLog = createReadableConnectionLog({ writeLine, nowMs });
  const healthLog = createReadableHealthLog({ writeLine, nowMs });
  const securityLog = createReadableSecurityLog({ writeLine, nowMs });
  const credentialsLog = createReadableCredentialsLog({ writeLine, nowMs });
  const queueUrlOf = (queueName: string): string =>
    queueUrl({ account, host: url().slice('http://'.length) }, queueName);
  return (authentication) => (name, region) => ({
    environment: {
      ...(name === 'deliver-queued' && { MAXIMUM_INVOCATIONS: String(localInvocations) }),
      ...functionVariables(environment, queueUrlOf),
      ...runtimeVariables(name, region),
    },
    aws: { region, endpoint: url(), credentials: { accessKeyId: accessKeyId(name), secretAccessKey: functionSecret } },
    deliveryLog: recordedBy(terminal, history.logOf(region)),
    connectionLog,
    healthLog,
    securityLog,
    credentialsLog,
    history,
    keptEvents: keptEvents.of(region),
    authentication,
  });
}

function recordedBy(...logs: readonly DeliveryLog[]): DeliveryLog {
  return {
    record(conclusion) {
      for (const log of logs) log.record(conclusion);
    },
  };
}
