import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { namedRandom } from './plan.ts';

/** The part of the requests that the endpoint answers with 500. */
const failingPart = 0.3;

/** Every request of this group is answered with 500. */
export const stuckGroup = 'stuck';

/** An event of a group, by its place in it, counted from 1. */
export interface GroupedEvent {
  readonly group: string;
  readonly number: number;
}

interface Arrivals {
  /** How many events of the group have arrived. They came in order, so this is also the number of the newest one. */
  arrived: number;
  /** Requests for an event that had arrived before. */
  repeats: number;
  requests: number;
  /** Requests that came before the previous event of the group had arrived. */
  readonly tooEarly: number[];
}

export interface OrderedEndpoint {
  readonly origin: string;
  readonly groups: ReadonlyMap<string, Readonly<Arrivals>>;
  readonly failures: number;
  /** The time at which each event for the path `/plain` arrived first. */
  readonly plainAtMs: ReadonlyMap<number, number>;
  close(): Promise<void>;
}

/** An endpoint that fails 30 % of the requests of each group, and checks the order of the others. The same seed repeats the failures. */
export async function startOrderedEndpoint(seed: number, arrived: () => void): Promise<OrderedEndpoint> {
  const groups = new Map<string, Arrivals>();
  const plainAtMs = new Map<number, number>();
  const tries = new Map<string, number>();
  let failures = 0;

  function statusFor({ group, number }: GroupedEvent): number {
    const found = groups.get(group) ?? { arrived: 0, repeats: 0, requests: 0, tooEarly: [] };
    groups.set(group, found);
    found.requests += 1;
    if (number > found.arrived + 1) found.tooEarly.push(number);
    const name = `${group} ${number}`;
    const attempt = (tries.get(name) ?? 0) + 1;
    tries.set(name, attempt);
    if (group === stuckGroup || namedRandom(seed, `${name} ${attempt}`)() < failingPart) {
      failures += 1;
      return 500;
    }
    if (number <= found.arrived) found.repeats += 1;
    else if (number === found.arrived + 1) found.arrived = number;
    arrived();
    return 200;
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const event = JSON.parse(body) as GroupedEvent;
      if (request.url !== '/plain') return void response.writeHead(statusFor(event)).end();
      if (!plainAtMs.has(event.number)) plainAtMs.set(event.number, performance.now());
      arrived();
      response.end();
    });
    request.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    groups,
    plainAtMs,
    get failures() {
      return failures;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The times from sending an event to its arrival. Events that were under way at a kill are left out. */
export interface Times {
  readonly medianMs: number;
  readonly p90Ms: number;
}

export function timesOf(tookMs: readonly (number | undefined)[]): Times | undefined {
  const known = tookMs.filter((each) => each !== undefined).toSorted((one, other) => one - other);
  const at = (part: number): number => known[Math.floor(known.length * part)] ?? 0;
  return known.length === 0 ? undefined : { medianMs: at(0.5), p90Ms: at(0.9) };
}
