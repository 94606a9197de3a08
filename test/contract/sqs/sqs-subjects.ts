import { createHash } from 'node:crypto';
import { afterEach, inject } from 'vitest';
import { createSqsClient } from '../../../lib/adapters/aws/sqs-client.ts';
import type { QueueCalls } from '../../../lib/adapters/sqs/queue-calls.ts';
import { createClientQueueCalls, createSignedQueueCalls } from '../../../lib/adapters/sqs/queue-calls.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { Delivery } from '../../../lib/core/delivery/delivery.ts';
import { sharedSqs } from '../../fixtures/sqs.ts';
import type { ProxiedSqs } from '../../servers/aws/sqs-queues.ts';

export const queueCallsNames = ['calls of the AWS client', 'signed calls'] as const;

export type QueueCallsName = (typeof queueCallsNames)[number];

/** SQS for the tests of one file: the local stack, or moto in `npm run test:moto`. After each test, its faults are removed. */
export function useSqs() {
  const running: { server?: ProxiedSqs } = {};
  const moto = inject('moto');
  if (moto !== undefined) sharedSqs.override('sqsUrl', moto);
  sharedSqs.beforeAll(({ sqs }) => {
    running.server = sqs;
  });
  afterEach(() => running.server?.proxy.faultsBy(() => undefined));
  return {
    get server(): ProxiedSqs {
      if (running.server === undefined) throw new Error('SQS has not been started.');
      return running.server;
    },
    client() {
      return createSqsClient(this.server.clientConfig);
    },
    /** The two ways to call queues. They must not differ. */
    queueCalls(): Readonly<Record<QueueCallsName, QueueCalls>> {
      const client = this.client();
      return {
        'calls of the AWS client': createClientQueueCalls(client),
        'signed calls': createSignedQueueCalls(client.config, systemClock),
      };
    },
    /** The entries of each batch that was sent to this queue. */
    batchesTo(queueUrl: string): readonly (readonly BatchEntry[])[] {
      const batches = this.server.proxy.requests.filter(
        ({ operation, input }) => operation === 'SendMessageBatch' && input['QueueUrl'] === queueUrl,
      );
      return batches.map(({ input }) => input['Entries'] as BatchEntry[]);
    },
  };
}

export interface BatchEntry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly DelaySeconds?: number;
  readonly MessageGroupId?: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly DataType: string; readonly StringValue: string }>>;
}

export const unavailable = { status: 503, body: { __type: 'ServiceUnavailable' } } as const;
export const accessDenied = {
  status: 400,
  body: { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'no' },
} as const;

export function deliveryOf(members: Partial<Delivery> = {}): Delivery {
  return {
    apiDestination: 'orders',
    event: { value: { id: 'e-1' }, text: '{"id": "e-1"}' },
    target: {},
    attempts: 1,
    postponements: 0,
    firstReceivedAtMs: Date.UTC(2026, 0, 1),
    ...members,
  };
}

/** A text of more than 1 MiB that cannot be compressed. It is the same in every run. */
export function incompressibleText(): string {
  return Array.from({ length: 16_000 }, (_, index) => createHash('sha512').update(String(index)).digest('base64')).join(
    '',
  );
}
