import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { everyClient } from '../../../lib/adapters/aws/clients.ts';
import { fromAwsError } from '../../../lib/adapters/aws/failures.ts';
import { createClientTableCalls } from '../../../lib/adapters/dynamodb/client-table-calls.ts';
import { createSignedTableCalls, type TableCalls } from '../../../lib/adapters/dynamodb/table-calls.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { Clock } from '../../../lib/ports/clock.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import {
  type ScriptedService,
  type ServiceReaction,
  startScriptedService,
} from '../../servers/aws/scripted-service.ts';

const running: { service?: ScriptedService } = {};

/** Starts the service for the tests of one file. */
export function useService(): void {
  beforeAll(async () => {
    running.service = await startScriptedService();
  });
  afterAll(() => running.service?.stop());
  // Without chance, the backoff of the AWS client is 0.
  beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0));
  afterEach(() => vi.restoreAllMocks());
}

export function theService(): ScriptedService {
  if (running.service === undefined) throw new Error('The service has not been started.');
  return running.service;
}

export const tableName = 'state';
export const get = { TableName: tableName, Key: { pk: { S: 'RATE#1' }, sk: { S: '0' } }, ConsistentRead: true };

export function clientFor(endpoint: string, requestTimeout = 20_000): DynamoDBClient {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
  const requestHandler = { ...everyClient.requestHandler, connectionTimeout: 20_000, requestTimeout };
  return new DynamoDBClient({ ...everyClient, requestHandler, region: 'eu-west-1', endpoint, credentials });
}

export interface Outcome {
  readonly output?: unknown;
  readonly error?: string;
  readonly text?: string;
  readonly fault?: unknown;
  readonly item?: unknown;
  readonly status?: unknown;
  readonly requestId?: unknown;
  readonly attempts?: unknown;
  readonly handledAs?: unknown;
  readonly requests: number;
}

export async function outcomeOf(calls: TableCalls): Promise<Outcome> {
  try {
    const { Item } = await calls.getItem(get, new AbortController().signal);
    return { output: Item, requests: theService().requests.length };
  } catch (error) {
    const { name, message, $metadata, $fault, Item } = error as Error & Record<string, never>;
    const { httpStatusCode, requestId, attempts } = ($metadata ?? {}) as Record<string, unknown>;
    const handled = fromAwsError(error, 'read');
    return {
      error: name,
      text: message,
      fault: $fault,
      item: Item,
      status: httpStatusCode,
      requestId,
      attempts,
      handledAs: handled instanceof Failure ? handled.code : undefined,
      requests: theService().requests.length,
    };
  }
}

/** What the AWS client and the signed calls make of the same reactions of the service. */
export async function bothOutcomes(
  ...script: readonly ServiceReaction[]
): Promise<{ client: Outcome; signed: Outcome }> {
  const service = theService();
  const client = clientFor(service.endpoint);
  service.follow(...script);
  const byClient = await outcomeOf(createClientTableCalls(client));
  service.follow(...script);
  const signed = await outcomeOf(createSignedTableCalls(clientFor(service.endpoint).config, tableName, systemClock));
  client.destroy();
  return { client: byClient, signed };
}

export const item = { pk: { S: 'RATE#1' }, revision: { N: '1' } };
export const success = { status: 200, body: JSON.stringify({ Item: item }) } as const;

export function refusal(name: string, { status = 400, message = 'no', ...members } = {}): ServiceReaction {
  return { status, body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message, ...members }) };
}

export interface SignedOptions {
  readonly requestTimeoutMs?: number;
  readonly clock?: Clock;
  /** Default: that of the service. */
  readonly endpoint?: string;
}

export function signedCalls({
  requestTimeoutMs = 20_000,
  clock = systemClock,
  endpoint = theService().endpoint,
}: SignedOptions = {}): TableCalls {
  const { config } = clientFor(endpoint);
  return createSignedTableCalls(config, tableName, clock, { connectTimeoutMs: 20_000, requestTimeoutMs });
}

export function signedCallsOf({ config }: DynamoDBClient): TableCalls {
  return createSignedTableCalls(config, tableName, systemClock);
}

export function refusalOf(name: string, headers: Readonly<Record<string, string>>): ServiceReaction {
  return { status: 403, headers, body: JSON.stringify({ __type: name, message: 'no' }) };
}

/** `20260131T080000Z` */
export function timeOf(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})/, '$1-$2-$3T$4:$5:'));
}

/** The texts of errors that do not come from the service are our own. */
export function comparable({
  text,
  ...outcome
}: Outcome): Omit<Outcome, 'text'> & { readonly text?: string | undefined } {
  return outcome.fault === undefined ? outcome : { ...outcome, text };
}
