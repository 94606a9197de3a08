import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DescribeApiDestinationCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { createDestination, openClients } from '../../fixtures/clients.ts';
import type { StackBuild } from '../../servers/aws/stack-build.ts';
import { type StackProcess, startStackProcess } from '../../servers/aws/stack-process.ts';

const region = 'us-east-1';
const countNames = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** A running version of the stack, and calls to it. */
export interface RunningVersion {
  readonly process: StackProcess;
  createDestination(name: string, endpoint: string): Promise<void>;
  describeDestination(name: string): Promise<unknown>;
  /** Sends an event for the destination to the delivery queue, as a rule does. */
  queue(apiDestination: string, eventText: string): Promise<void>;
  /** Invokes `deliver` asynchronously with an event for the destination, as a rule does. */
  invoke(apiDestination: string, eventText: string): Promise<void>;
  /** Resolves when the output has a line with this outcome for each of these events. */
  told(outcome: string, ids: readonly string[]): Promise<void>;
  /** The number of messages in the delivery queue, delayed and received ones included. */
  messageCount(): Promise<number>;
  kill(): Promise<void>;
  /** Ends the stack after its running invocations have ended. */
  stop(): Promise<void>;
}

export async function startVersion(build: StackBuild, dataDir: string): Promise<RunningVersion> {
  const environment = {
    // The backoff is so short that only the Retry-After of the endpoint counts.
    RETRY_BASE_DELAY_MS: '1',
    RETRY_MAX_DELAY_MS: '1',
    CACHE_SECONDS: '1',
    // No request times out while a test looks at its delivery, because a delivery whose request has timed out is deferred.
    FUNCTION_TIMEOUT_SECONDS: '900',
    REQUEST_TIMEOUT_MS: '600000',
  };
  const stack = startStackProcess(['--port', '0', '--data-dir', dataDir], environment, build.script);
  const endpoint = await stack.url;
  const clients = openClients(endpoint, { region });
  const { events, sqs, lambda } = clients;
  const QueueUrl = `${endpoint}/123456789012/lastmile-local-deliveries`;
  const envelope = (apiDestination: string, event: string) =>
    `{"apiDestination":${JSON.stringify(apiDestination)},"event":${event}}`;
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    stack.process.kill(signal);
    await stack.ended;
    for (const client of Object.values(clients)) client.destroy();
  };
  return {
    process: stack,
    async createDestination(name, endpointUrl) {
      await createDestination(events, name, { InvocationEndpoint: endpointUrl });
    },
    describeDestination: (Name) => events.send(new DescribeApiDestinationCommand({ Name })),
    async queue(apiDestination, eventText) {
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: envelope(apiDestination, eventText) }));
    },
    async invoke(apiDestination, eventText) {
      const Payload = envelope(apiDestination, eventText);
      await lambda.send(new InvokeCommand({ FunctionName: 'deliver', InvocationType: 'Event', Payload }));
    },
    told: (outcome, ids) =>
      stack.printed((lines) => {
        const ofOutcome = lines.filter((line) => line.includes(`  ${outcome}  `));
        return ids.every((id) => ofOutcome.some((line) => line.includes(`event ${id}  `)));
      }),
    async messageCount() {
      const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
      return countNames.reduce((sum: number, name) => sum + Number(Attributes[name]), 0);
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

/** A message in the store of a stack that has ended. */
export interface StoredMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, { readonly DataType: string; readonly StringValue: string }>>;
  readonly delayMs: number;
}

function openQueues<Result>(dataDir: string, work: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(join(dataDir, 'sqs', region, 'fauxqs.db'));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** The messages in a queue of a stack that has ended, sorted by body. */
export function storedIn(dataDir: string, queue: 'deliveries' | 'dead-letters'): readonly StoredMessage[] {
  const select =
    'SELECT body, message_attributes, sent_timestamp, delay_until FROM sqs_messages WHERE queue_name = ? ORDER BY body';
  const rows = openQueues(dataDir, (database) => database.prepare(select).all(`lastmile-local-${queue}`));
  return rows.map(({ body, message_attributes, sent_timestamp, delay_until }) => ({
    body: String(body),
    attributes: JSON.parse(String(message_attributes)) as StoredMessage['attributes'],
    delayMs: Number(delay_until ?? sent_timestamp) - Number(sent_timestamp),
  }));
}

/** Changes the store as if the delays of its messages had passed. */
export function letDelaysPass(dataDir: string): void {
  openQueues(dataDir, (database) => database.exec('UPDATE sqs_messages SET delay_until = NULL'));
}
