import { Pool } from 'undici';
import { lines } from '../bus/put-events.ts';
import { benchName } from '../events.ts';

/** How an event enters a side: the call returns when the side has accepted the events with these numbers. */
export interface Door {
  readonly entriesPerCall: number;
  put(numbers: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

/** More connections than calls that are under way, so that no call waits for another. */
const connections = 128;

/** An order of 1 KB. */
export function orderDetail(number: number) {
  return { number, shop: 'shop-7', customer: { id: 'customer-0007', locale: 'en-GB' }, total: 149.95, lines };
}

function authorization(service: string): string {
  return `AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
}

/** Calls PutEvents without the SDK, whose processor time would slow down the stack on the same machine. */
export function putEventsDoor(url: string, entriesPerCall: number): Door {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AWSEvents.PutEvents',
    authorization: authorization('events'),
  };
  return door(url, entriesPerCall, (numbers) => {
    const Entries = numbers.map((number) => ({
      Source: 'com.example.shop',
      DetailType: 'Order Placed',
      Detail: JSON.stringify(orderDetail(number)),
    }));
    return { path: '/', headers, body: JSON.stringify({ Entries }) };
  });
}

/** Invokes `deliver` asynchronously, with an envelope. */
export function invokeDoor(url: string): Door {
  const headers = {
    'content-type': 'application/json',
    'x-amz-invocation-type': 'Event',
    authorization: authorization('lambda'),
  };
  return door(url, 1, ([number = 0]) => ({
    path: '/2015-03-31/functions/lastmile-local-deliver/invocations',
    headers,
    body: JSON.stringify({ apiDestination: benchName, event: eventOf(number) }),
  }));
}

/** Posts the event to a server of a side that is not Lastmile. */
export function plainDoor(url: string): Door {
  const headers = { 'content-type': 'application/json' };
  return door(url, 1, ([number = 0]) => ({ path: '/', headers, body: JSON.stringify(eventOf(number)) }));
}

function eventOf(number: number) {
  return {
    version: '0',
    id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    'detail-type': 'Order Placed',
    source: 'com.example.shop',
    account: '123456789012',
    time: '2026-03-04T10:30:01Z',
    region: 'us-east-1',
    resources: [],
    detail: orderDetail(number),
  };
}

interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function door(url: string, entriesPerCall: number, callOf: (numbers: readonly number[]) => Call): Door {
  const pool = new Pool(url, { connections });
  return {
    entriesPerCall,
    async put(numbers) {
      const { path, headers, body } = callOf(numbers);
      const answer = await pool.request({ method: 'POST', path, headers, body });
      const text = await answer.body.text();
      const isAccepted = answer.statusCode < 300 && !/"FailedEntryCount":[1-9]/.test(text);
      if (!isAccepted) throw new Error(`The door answered ${answer.statusCode} ${text}.`);
    },
    close: () => pool.destroy(),
  };
}
