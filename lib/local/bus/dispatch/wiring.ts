import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../ports/clock.ts';
import type { EventLog, UndeliveredEvent } from '../../history/history-entries.ts';
import type { AsynchronousInvocations } from '../../lambda/asynchronous-invocations.ts';
import { queues } from '../../stack/environment.ts';
import type { FunctionRunner } from '../../lambda/function-runner.ts';
import { physicalName } from '../../lambda/function-runner.ts';
import { counted, printable } from '../../terminal-text.ts';
import { RepeatedLine } from '../../stack/repeated-line.ts';
import type { SqsService } from '../../sqs/sqs.ts';
import { DispatchRules } from './rules.ts';
import { Dispatcher } from './dispatch.ts';
import { EventStore } from '../store/event-store.ts';
import type { BusEvent, BusReader } from '../store/model.ts';
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
  /** Resolves when the stack has time to accept this many events; undefined when it has time now. */
  readonly turn: (events: number) => Promise<void> | undefined;
  readonly history: { eventsOf(region: string): EventLog };
  /** The API destination of every event that the functions receive; undefined when their inputs are envelopes. */
  readonly ownDestination: string | undefined;
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
  /** How many of them wait for their turn, and not for a target that could not be reached. */
  inLine(): number;
  /** Starts no further dispatch; resolves when the running ones have ended or the grace period is over. */
  stop(grace: Promise<unknown>): Promise<void>;
}

export function createBusDispatch(options: BusDispatchOptions): BusDispatch {
  const { account, bus, sqs, clock, history, writeLine, report, reportFault } = options;
  const nowMs = (): number => clock.nowMs();
  const send = createTargets({
    account,
    deliveryQueue: queues.deliveries,
    orderedQueue: queues.orderedDeliveries,
    deliverFunction: physicalName('deliver'),
    sendMessage: async (region, queueName, message, more) =>
      (await sqs.inRegion(region)).send(queueName, message, more),
    invoke: (region, physical, ...input) => invoke(options, region, physical, ...input),
    reportQueued: (region, delivery) => history.eventsOf(region).queued(delivery),
    ownDestination: options.ownDestination,
    writeLine,
    report,
    nowMs,
  });
  const store = new EventStore(options.database);
  const dispatcher = new Dispatcher({ store, send, clock, reportFault });
  const accept = dispatcher.accept.bind(dispatcher);
  const rules = new DispatchRules(bus);
  const scheduled = new ScheduledRules({ account, bus, accept, clock, newId: randomUUID, reportFault });
  const unknownBuses = new RepeatedLine<string>(clock, (count, last) => {
    const events = `${counted(count, 'event')} named an event bus that does not exist`;
    report(`${events}. The last one: ${last}. Such events are dropped: create the bus, or correct EventBusName.`);
  });
  const unmatched = new RepeatedLine<string>(clock, (count, last) => {
    const time = new Date(nowMs()).toISOString().slice(11, 23);
    writeLine(
      `${time}  unmatched  ${counted(count, 'event')} matched no rule that has a target. The last one: ${last}`,
    );
  });
  return {
    putEvents: createPutEvents({
      bus,
      match: (region, eventBusName, event) => rules.match(region, eventBusName, event),
      accept,
      turn: options.turn,
      nowMs,
      newId: randomUUID,
      reportUnknownBus: (region, eventBusName, event) => {
        unknownBuses.add(`${printable(eventBusName)} in ${region}`);
        history.eventsOf(region).undelivered(unmatchedBy(eventBusName, event, 'There is no such event bus.'));
      },
      reportRefused: (region, { eventBusName: eventBus, source, detailType, error }) => {
        const { ErrorCode: code, ErrorMessage: reason } = error;
        history.eventsOf(region).undelivered({ outcome: 'refused', eventBus, source, detailType, code, reason });
      },
      reportUnmatched: (region, eventBusName, event) => {
        const enabled = counted(rules.count(region, eventBusName), 'enabled rule');
        const reason = `No rule with a target matches. The event bus has ${enabled} with a pattern.`;
        history.eventsOf(region).undelivered(unmatchedBy(eventBusName, event, reason));
        const [source, detailType] = [event.source, event['detail-type']].map((text) => printable(text, 128));
        unmatched.add(`event bus ${eventBusName} in ${region}, source ${source}, detail-type ${detailType}`);
      },
    }),
    start() {
      dispatcher.start();
      scheduled.start();
    },
    waiting: () => store.pending().length,
    inLine: () => dispatcher.inLine,
    async stop(grace) {
      scheduled.stop();
      await dispatcher.stop(grace);
      unknownBuses.stop();
      unmatched.stop();
    },
  };
}

function unmatchedBy(eventBus: string, event: BusEvent, reason: string): UndeliveredEvent {
  const { id: eventId, source, 'detail-type': detailType } = event;
  return { outcome: 'unmatched', eventId, eventBus, source, detailType, reason };
}

function invoke(
  { runner, asynchronous }: BusDispatchOptions,
  region: string,
  physical: string,
  ...input: readonly [payload: string, traceHeader?: string]
): boolean {
  const prefix = physicalName('');
  const name = physical.startsWith(prefix) ? physical.slice(prefix.length) : physical;
  if (!runner.has(name)) return false;
  asynchronous.accept(name, region, ...input);
  return true;
}
