import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../ports/clock.ts';
import type { AsynchronousInvocations } from '../../lambda/asynchronous-invocations.ts';
import { queues } from '../../stack/environment.ts';
import type { FunctionRunner } from '../../lambda/function-runner.ts';
import { physicalName } from '../../lambda/function-runner.ts';
import { printable } from '../../lambda/readable-logs.ts';
import type { SqsService } from '../../sqs/sqs.ts';
import { DispatchRules } from './rules.ts';
import { Dispatcher } from './dispatch.ts';
import { EventStore } from '../store/event-store.ts';
import type { BusReader } from '../store/model.ts';
import type { PutEvents } from '../operations/put-events.ts';
import { createPutEvents } from '../operations/put-events.ts';
import { ScheduledRules } from '../schedule/rules.ts';
import { createTargets } from '../targets/targets.ts';

export interface BusDispatchOptions {
  readonly account: string;
  readonly database: DatabaseSync;
  readonly bus: BusReader;
  readonly sqs: Pick<SqsService, 'inRegion'>;
  readonly runner: Pick<FunctionRunner, 'has'>;
  readonly asynchronous: Pick<AsynchronousInvocations, 'accept'>;
  readonly clock: Clock;
  /** Writes the events of log groups to the terminal. */
  readonly writeLine: (text: string) => void;
  readonly report: (text: string) => void;
  readonly reportFault: (where: string, error: unknown) => void;
}

/** Sends events, from PutEvents and from schedules, to the targets of the matching rules. */
export interface BusDispatch {
  readonly putEvents: PutEvents;
  /** Resumes the events that an earlier process accepted, and starts the schedules. */
  start(): void;
  /** How many events a target has not accepted yet; an event counts once for each target. */
  waiting(): number;
  /** Starts no further dispatch; resolves when the running ones have ended or the grace period is over. */
  stop(grace: Promise<unknown>): Promise<void>;
}

/** How many missing buses are reported. Each is remembered, so that it is reported only once. */
const maxUnknownBuses = 1000;

export function createBusDispatch(options: BusDispatchOptions): BusDispatch {
  const { account, bus, sqs, clock, writeLine, report, reportFault } = options;
  const nowMs = (): number => clock.nowMs();
  const send = createTargets({
    account,
    deliveryQueue: queues.deliveries,
    deliverFunction: physicalName('deliver'),
    sendMessage: async (region, queueName, message, more) =>
      (await sqs.inRegion(region)).send(queueName, message, more),
    invoke: (region, physical, payload) => invoke(options, region, physical, payload),
    writeLine,
    report,
    nowMs,
  });
  const store = new EventStore(options.database);
  const dispatcher = new Dispatcher({ store, send, clock, reportFault });
  const accept = dispatcher.accept.bind(dispatcher);
  const rules = new DispatchRules(bus);
  const scheduled = new ScheduledRules({ account, bus, accept, clock, newId: randomUUID, reportFault });
  const unknownBuses = new Set<string>();
  return {
    putEvents: createPutEvents({
      bus,
      match: (region, eventBusName, event) => rules.match(region, eventBusName, event),
      accept,
      nowMs,
      newId: randomUUID,
      reportUnknownBus: (region, eventBusName) => {
        const key = `${region} ${eventBusName}`;
        if (unknownBuses.has(key) || unknownBuses.size >= maxUnknownBuses) return;
        unknownBuses.add(key);
        report(
          `There is no event bus ${printable(eventBusName)} in ${region}: events for it are dropped. Create the bus, or correct EventBusName.`,
        );
      },
    }),
    start() {
      dispatcher.start();
      scheduled.start();
    },
    waiting: () => store.pending().length,
    async stop(grace) {
      scheduled.stop();
      await dispatcher.stop(grace);
    },
  };
}

function invoke(
  { runner, asynchronous }: BusDispatchOptions,
  region: string,
  physical: string,
  payload: string,
): boolean {
  const prefix = physicalName('');
  const name = physical.startsWith(prefix) ? physical.slice(prefix.length) : physical;
  if (!runner.has(name)) return false;
  asynchronous.accept(name, region, payload);
  return true;
}
