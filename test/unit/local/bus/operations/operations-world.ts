import { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '../../../../../lib/core/input/json.ts';
import { createBusOperations } from '../../../../../lib/local/bus/operations/operations.ts';
import { BusStore } from '../../../../../lib/local/bus/store/store.ts';
import { readEventsInput } from '../../../../../lib/protocol/model/events-input.ts';

export const account = '123456789012';
const home = 'eu-west-1';

/** The answer of an operation. */
export type Answer = Readonly<Record<string, unknown>>;

export interface BusWorld {
  readonly store: BusStore;
  /** The time of the world's clock in epoch ms; the clock does not move. */
  now: number;
  /** Calls an operation through the first stage of validation, by default in `eu-west-1`. */
  call(operation: string, input?: JsonObject, region?: string): Promise<Answer>;
}

/** The operations of the bus with a new, empty store. */
export function createBusWorld(): BusWorld {
  const world = { now: 1_700_000_000_900 };
  const nowMs = (): number => world.now;
  const store = new BusStore({ database: new DatabaseSync(':memory:'), account, nowMs });
  const operations = createBusOperations({ store, nowMs });
  const call = async (name: string, input: JsonObject = {}, region = home): Promise<Answer> => {
    const operation = operations[name];
    if (operation === undefined) throw new TypeError(`There is no operation ${name}.`);
    const caller = { region, account, partition: 'aws', requestId: 'request' };
    return await operation(readEventsInput(name, input), caller);
  };
  return Object.assign(world, { store, call });
}

export function arn(resource: string, region = home): string {
  return `arn:aws:events:${region}:${account}:${resource}`;
}

export function queueArn(name: string): string {
  return `arn:aws:sqs:${home}:${account}:${name}`;
}

export const pattern = JSON.stringify({ source: ['shop'] });

/** The members of an error that a test compares with `toMatchObject`. */
export function refusal(code: string, message: string): { readonly code: string; readonly message: string } {
  return { code, message };
}
