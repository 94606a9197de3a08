import { join } from 'node:path';
import type { Config } from '../../config.ts';
import type { QueueMessage } from '../../core/message/queue-message.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Authentication, Operations } from '../../protocol/control-request.ts';
import type { AsynchronousInvocations } from '../lambda/asynchronous-invocations.ts';
import type { BusDispatch } from '../bus/dispatch/wiring.ts';
import { createBusDispatch } from '../bus/dispatch/wiring.ts';
import { createBusOperations } from '../bus/operations/operations.ts';
import { createBusService } from '../bus/operations/backend.ts';
import { BusStore } from '../bus/store/store.ts';
import { guardBus } from './bus-guard.ts';
import type { PerformOperation } from '../../console/door/door.ts';
import { createConsoleCalls } from '../console/calls.ts';
import { createLocalOperations } from '../console/local-operations.ts';
import { WaitingSamples } from '../console/waiting-samples.ts';
import type { DataFolder } from './data-folder.ts';
import { DeliveryEventSource } from '../sqs/event-source.ts';
import { createDynamoDbService } from '../dynamodb/dynamodb.ts';
import { queues, rootSecretName } from './environment.ts';
import { Intake } from './intake.ts';
import type { LocalService } from './wire.ts';
import { describeFailedCall } from './wire.ts';
import type { SqliteDeliveryHistory } from '../history/sqlite-history.ts';
import type { SqliteKeptEvents } from '../history/sqlite-kept-events.ts';
import type { FunctionRunner, InvocationOutcome } from '../lambda/function-runner.ts';
import { createFunctionUrlService } from '../lambda/function-url.ts';
import { createLambdaService } from '../lambda/lambda.ts';
import { reportUnknownOperations } from './repeated-line.ts';
import type { Route } from './routes.ts';
import { routesTo } from './routes.ts';
import { createSecretsManagerService } from '../secrets-manager/secrets-manager.ts';
import type { RegionQueues, SqsService } from '../sqs/sqs.ts';
import { createSqsService } from '../sqs/sqs.ts';
import type { StoreFolder } from './stored-files.ts';
import { createStsService } from '../sts/sts.ts';

export interface ServicesOptions {
  readonly account: string;
  readonly folder: DataFolder;
  readonly config: Config;
  readonly clock: Clock;
  readonly runner: FunctionRunner;
  readonly asynchronous: AsynchronousInvocations;
  /** Records what the event bus does with its events. */
  readonly history: SqliteDeliveryHistory;
  readonly keptEvents: SqliteKeptEvents;
  /** Checks the callers of the bus. The control API, which performs the other operations, checks its own callers. */
  readonly authentication: Authentication | 'none';
  /** The secret with which the stack's own functions sign; no other client knows it. */
  readonly functionSecret: string;
  /** `host:port` of the stack. */
  readonly host: () => string;
  /** Makes a new value for a region's root secret. */
  readonly rootSecret: () => string;
  /** Writes one line to the terminal. */
  readonly writeLine: (text: string) => void;
  readonly reportError: (text: string) => void;
  /** Reports a fault of the stack itself. */
  readonly reportFault: (where: string, error: unknown) => void;
}

export interface Services {
  readonly routes: readonly Route[];
  /** Performs an operation for the console, which needs no API key. */
  readonly perform: PerformOperation;
  /** Resolves when the stack's dead-letter queue in that region has stored the message. */
  sendDeadLetter(region: string, message: QueueMessage): Promise<void>;
  /** The events that no endpoint and no dead-letter queue has got yet, and the dead letters. */
  waiting(): Promise<Waiting>;
  /** Resumes the work that an earlier process left in its queues. */
  start(): void;
  /** Starts no further invocation; resolves when the running ones have ended or the grace period is over. */
  stop(grace: Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** How many events a stack keeps. */
export interface Waiting {
  readonly events: number;
  readonly deadLetters: number;
}

/** Creates every service of the stack, with its route. */
export function createServices(options: ServicesOptions): Services {
  const { account, folder, config, clock, runner, asynchronous } = options;
  const report = (functionName: string, outcome: InvocationOutcome): void => {
    const text = describeFailedCall(functionName, outcome);
    if (text !== undefined) options.reportError(text);
  };
  const dataFolder = (name: StoreFolder): string | undefined => folder.path && join(folder.path, name);
  const dynamoDb = createDynamoDbService({ account, dataFolder: dataFolder('dynamodb'), tableName: config.TABLE_NAME });
  const { sqs, eventSource } = createQueues(options, dataFolder('sqs'), report);
  const queued = (): number => sqs.urgentIn(queues.deliveries) + sqs.urgentIn(queues.orderedDeliveries);
  const intake = new Intake({ clock, behind: () => events.dispatch.inLine() + asynchronous.inLine + queued() });
  const turn = intake.turn.bind(intake);
  const events = createEvents({ ...options, turn }, sqs, report);
  const secretsManager = createSecretsManagerService({
    account,
    database: folder.database,
    nowMs: () => clock.nowMs(),
    prepareRegion: (create) => create({ Name: rootSecretOf(config), SecretString: options.rootSecret() }),
  });
  const lambda = createLambdaService({ runner, asynchronous, turn, reportFailure: report });
  const routes = routesTo({
    events: events.serve,
    appsync: events.control,
    dynamodb: dynamoDb.serve,
    sqs: sqs.serve,
    secretsmanager: secretsManager,
    lambda,
    sts: createStsService({ account, nowMs: () => clock.nowMs(), requiresKeys: options.authentication !== 'none' }),
  });
  const samples = new WaitingSamples(options);
  const reported = reportUnknownOperations(routes, clock, options.reportError);
  return {
    routes: reported.routes,
    perform: createConsoleCalls({
      account,
      busOperations: events.operations,
      doorOperations: createLocalOperations({ ...options, samples, nowMs: () => clock.nowMs() }),
      run: async (functionName, region, event) => await runner.run(functionName, region, event),
      reportFailure: report,
      reportFault: options.reportFault,
    }),
    async sendDeadLetter(region, message) {
      const own = await sqs.inRegion(region);
      await own.send(queues.deadLetters, message);
    },
    waiting: () => countWaiting(sqs, events.dispatch),
    start() {
      void sqs.resume().catch((error: unknown) => options.reportFault('sqs', error));
      events.dispatch.start();
      samples.start();
    },
    async stop(grace) {
      samples.stop();
      intake.stop();
      await Promise.all([eventSource.stop(grace), events.dispatch.stop(grace)]);
      reported.stop();
    },
    close: async () => void (await Promise.all([dynamoDb.close(), sqs.close()])),
  };
}

async function countWaiting(sqs: SqsService, dispatch: BusDispatch): Promise<Waiting> {
  const names = [queues.deliveries, queues.orderedDeliveries, queues.deadLetters];
  const [queued = 0, ordered = 0, deadLetters = 0] = await Promise.all(names.map((name) => sqs.messagesIn(name)));
  return { events: queued + ordered + dispatch.waiting(), deadLetters };
}

/** Creates SQS, and an event source for the delivery queues of each region that is used. */
function createQueues(
  options: ServicesOptions,
  dataFolder: string | undefined,
  reportFailure: (functionName: string, outcome: InvocationOutcome) => void,
): { readonly sqs: SqsService; readonly eventSource: DeliveryEventSource } {
  const { account, clock, runner, host, reportFault } = options;
  const source = { account, queues, runner, clock, reportFailure, reportFault };
  const eventSource = new DeliveryEventSource(source);
  const opened = (region: string, own: RegionQueues): void => eventSource.start(region, own);
  const stackQueues = { ...queues, functionTimeoutSeconds: options.config.FUNCTION_TIMEOUT_SECONDS };
  return { sqs: createSqsService({ account, dataFolder, host, queues: stackQueues, opened }), eventSource };
}

/** Creates EventBridge: the bus handles rules and events, and the control API handles every other operation. */
function createEvents(
  options: ServicesOptions & { readonly turn: Intake['turn'] },
  sqs: SqsService,
  report: (functionName: string, outcome: InvocationOutcome) => void,
): {
  readonly serve: LocalService;
  readonly control: LocalService;
  readonly dispatch: BusDispatch;
  readonly operations: Operations;
} {
  const { account, folder, clock, runner, reportFault } = options;
  const { database } = folder;
  const nowMs = (): number => clock.nowMs();
  const functionName = 'control-api';
  const reportFailure = (outcome: InvocationOutcome): void => report(functionName, outcome);
  const control = createFunctionUrlService({ runner, functionName, clock, reportFailure });
  const store = new BusStore({ database, account, nowMs });
  const dispatch = createBusDispatch({
    ...options,
    database,
    bus: store,
    sqs,
    ownDestination: options.config.API_DESTINATION,
    report: options.reportError,
  });
  const operations = createBusOperations({ store, nowMs, putEvents: dispatch.putEvents });
  const bus = createBusService({ account, operations, reportFault, otherwise: control });
  return { serve: guardBus({ ...options, bus, operations }), control, dispatch, operations };
}

/**
 * The name of the root secret that the functions read. A secret cannot be created with a given ARN, so if the setting is an
 * ARN, the secret gets the default name.
 */
function rootSecretOf(config: Config): string {
  return config.ROOT_SECRET_ARN.startsWith('arn:') ? rootSecretName : config.ROOT_SECRET_ARN;
}
