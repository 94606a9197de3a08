import type { Clock } from '../../ports/clock.ts';
import type { FunctionRunner, InvocationOutcome } from '../lambda/function-runner.ts';
import type { IsWithheld } from './fair-messages.ts';
import type { PolledQueue } from './poller.ts';
import { QueuePoller } from './poller.ts';
import type { RegionQueues } from './sqs.ts';
import type { SqsMembers } from './fauxqs.ts';
import { sqsRecord } from './receive.ts';

export interface DeliveryEventSourceOptions {
  readonly account: string;
  /** The names of the queues that it reads. */
  readonly queues: { readonly deliveries: string; readonly orderedDeliveries: string };
  readonly runner: Pick<FunctionRunner, 'has' | 'run'>;
  readonly clock: Clock;
  readonly reportFailure: (functionName: string, outcome: InvocationOutcome) => void;
  readonly reportFault: (where: string, error: unknown) => void;
}

const functionName = 'deliver-queued';

/** The longest wait of long polling. Source: SQS API reference, ReceiveMessage. */
const waitSeconds = 20;

/** Reads the delivery queue and the ordered queue of every region, and invokes `deliver-queued`. */
export class DeliveryEventSource {
  readonly #options: DeliveryEventSourceOptions;
  readonly #pollers: QueuePoller[] = [];
  #stopped = false;

  constructor(options: DeliveryEventSourceOptions) {
    this.#options = options;
  }

  /** Starts to read a region's queues, unless the stack is stopping or does not have the function. */
  start(region: string, queues: RegionQueues): void {
    const { deliveries, orderedDeliveries } = this.#options.queues;
    if (this.#stopped || !this.#options.runner.has(functionName)) return;
    this.#poll(region, this.#fairQueue(region, queues, deliveries));
    this.#poll(region, this.#fifoQueue(region, queues, orderedDeliveries));
  }

  #poll(region: string, queue: PolledQueue): void {
    const { runner, clock, reportFailure, reportFault } = this.#options;
    const poller = new QueuePoller({
      queue,
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

  #fairQueue(region: string, queues: RegionQueues, queueName: string): PolledQueue {
    const source = queues.eventSourceQueue(queueName);
    return {
      ...this.#calls(region, queues, queueName, source.receive),
      isMostlyPutBack: source.isMostlyPutBack,
      isInFlight: source.isInFlight,
      lookAgain: source.lookAgain,
    };
  }

  /** SQS itself gives no other invocation a message of a group that has one in flight, so no group needs to be withheld. */
  #fifoQueue(region: string, queues: RegionQueues, queueName: string): PolledQueue {
    return {
      ...this.#calls(region, queues, queueName, (asked) => queues.perform('ReceiveMessage', asked)),
      isMostlyPutBack: () => false,
      isInFlight: () => false,
      lookAgain: () => undefined,
    };
  }

  #calls(
    region: string,
    queues: RegionQueues,
    queueName: string,
    receive: (asked: SqsMembers, isWithheld: IsWithheld) => Promise<SqsMembers>,
  ): Pick<PolledQueue, 'receive' | 'remove' | 'endWaits'> {
    const { account } = this.#options;
    const QueueUrl = queues.urlOf(queueName);
    const everything = { AttributeNames: ['All'], MessageAttributeNames: ['All'] };
    return {
      async receive(maxMessages, isWithheld) {
        const asked = { QueueUrl, MaxNumberOfMessages: maxMessages, WaitTimeSeconds: waitSeconds, ...everything };
        const { Messages = [] } = await receive(asked, isWithheld);
        return (Messages as readonly SqsMembers[]).map((message) => sqsRecord(message, { account, region, queueName }));
      },
      async remove(receiptHandles) {
        const Entries = receiptHandles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
        await queues.perform('DeleteMessageBatch', { QueueUrl, Entries });
      },
      endWaits: () => queues.endWaits(),
    };
  }
}
