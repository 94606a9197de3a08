import type { Clock } from '../../ports/clock.ts';
import type { FunctionRunner, InvocationOutcome } from '../lambda/function-runner.ts';
import type { PolledQueue } from './poller.ts';
import { QueuePoller } from './poller.ts';
import type { RegionQueues } from './sqs.ts';
import type { SqsMembers } from './fauxqs.ts';
import { sqsRecord } from './receive.ts';

export interface DeliveryEventSourceOptions {
  readonly account: string;
  /** The name of the delivery queue. */
  readonly queueName: string;
  readonly runner: FunctionRunner;
  readonly clock: Clock;
  readonly reportFailure: (functionName: string, outcome: InvocationOutcome) => void;
  readonly reportFault: (where: string, error: unknown) => void;
}

const functionName = 'deliver-queued';

/** The longest wait of long polling. Source: SQS API reference, ReceiveMessage. */
const waitSeconds = 20;

/** Reads the delivery queue of every region and invokes `deliver-queued`. */
export class DeliveryEventSource {
  readonly #options: DeliveryEventSourceOptions;
  readonly #pollers: QueuePoller[] = [];
  #stopped = false;

  constructor(options: DeliveryEventSourceOptions) {
    this.#options = options;
  }

  /** Starts to read a region's queue, unless the stack is stopping or does not have the function. */
  start(region: string, queues: RegionQueues): void {
    const { runner, clock, reportFailure, reportFault } = this.#options;
    if (this.#stopped || !runner.has(functionName)) return;
    const poller = new QueuePoller({
      queue: this.#polled(region, queues),
      invoke: (event) => runner.run(functionName, region, event),
      clock,
      reportFailure: (outcome) => reportFailure(functionName, outcome),
      reportFault: (error) => reportFault(`the event source of ${functionName}`, error),
    });
    this.#pollers.push(poller);
    poller.start();
  }

  async stop(grace: Promise<unknown>): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#pollers.map((poller) => poller.stop(grace)));
  }

  #polled(region: string, queues: RegionQueues): PolledQueue {
    const { account, queueName } = this.#options;
    const QueueUrl = queues.urlOf(queueName);
    const source = queues.eventSourceQueue(queueName);
    const everything = { AttributeNames: ['All'], MessageAttributeNames: ['All'] };
    return {
      async receive(maxMessages, isWithheld) {
        const asked = { QueueUrl, MaxNumberOfMessages: maxMessages, WaitTimeSeconds: waitSeconds, ...everything };
        const { Messages = [] } = await source.receive(asked, isWithheld);
        return (Messages as readonly SqsMembers[]).map((message) => sqsRecord(message, { account, region, queueName }));
      },
      async remove(receiptHandles) {
        const Entries = receiptHandles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
        await queues.perform('DeleteMessageBatch', { QueueUrl, Entries });
      },
      isMostlyPutBack: source.isMostlyPutBack,
      isInFlight: source.isInFlight,
      lookAgain: source.lookAgain,
      endWaits: () => queues.endWaits(),
    };
  }
}
