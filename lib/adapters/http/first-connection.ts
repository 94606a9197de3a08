import type { Socket } from 'node:net';
import type { Clock } from '../../ports/clock.ts';

/** How long an attempt runs before the next address is tried at the same time. Source: RFC 8305 section 5. */
const headStartMs = 250;

/**
 * The most addresses of one name that are tried. A name may have thousands of addresses, and its owner must not make a worker
 * connect to all of them. Eight attempts start within two seconds.
 */
const maximumAddresses = 8;

export interface Connecting {
  readonly clock: Clock;
  /** The time limit for all attempts together. */
  readonly limitMs: number;
  /** Begins a connection to the address. */
  readonly connectTo: (address: string) => Socket;
}

/**
 * Connects to one of the addresses: the first connection that is made is the result, and all other attempts are closed. IPv6 and
 * IPv4 addresses alternate, beginning with IPv6. The next address is tried when the attempt before has failed or has run for
 * 250 ms. Each attempt goes on until one has succeeded or the limit is over, because a slow route must not lose against a route
 * that does not exist. Source: RFC 8305 sections 4 and 5.
 *
 * Node's own `autoSelectFamily` ends each attempt after 250 ms, so an endpoint that takes longer to connect is never reached
 * (nodejs/node#54359).
 *
 * Failure policy: when all attempts fail, the error is a refusal by the endpoint if there was one, else a timeout, and a missing
 * route only if there was no other error. A missing route often means only that this network has no IPv6 or no IPv4.
 *
 * @throws the error of an attempt; ETIMEDOUT after the limit
 */
export function firstConnection(addresses: readonly string[], connecting: Connecting): Promise<Socket> {
  const { clock, limitMs, connectTo } = connecting;
  const waiting = alternate(addresses).slice(0, maximumAddresses);
  const open = new Set<Socket>();
  const errors: NodeJS.ErrnoException[] = [];
  const ended = new AbortController();
  let begun = 0;

  return new Promise((resolve, reject) => {
    const after = (delayMs: number, then: () => void) =>
      void clock.delay(delayMs, ended.signal).then(then, () => undefined);

    function end(winner?: Socket): void {
      ended.abort();
      if (winner !== undefined) open.delete(winner);
      for (const socket of open) socket.destroy();
      open.clear();
    }

    function fail(): void {
      end();
      reject(mostTelling(errors));
    }

    function tryNext(): void {
      const address = waiting.shift();
      if (address === undefined) {
        if (open.size === 0) fail();
        return;
      }
      begun += 1;
      const mine = begun;
      const socket = connectTo(address);
      open.add(socket);
      socket.once('connect', () => {
        end(socket);
        resolve(socket);
      });
      // The listener also stays on the connected socket, because an error without a listener would end the process.
      socket.on('error', (error) => {
        if (!open.delete(socket)) return;
        errors.push(error);
        tryNext();
      });
      after(headStartMs, () => {
        if (begun === mine) tryNext();
      });
    }

    after(limitMs, () => {
      errors.push(Object.assign(new Error('No address accepted a connection in time.'), { code: 'ETIMEDOUT' }));
      fail();
    });
    tryNext();
  });
}

/** Alternates IPv6 and IPv4 addresses, beginning with IPv6. The order within each family stays. */
function alternate(addresses: readonly string[]): string[] {
  const ipv6 = addresses.filter((address) => address.includes(':'));
  const ipv4 = addresses.filter((address) => !address.includes(':'));
  return addresses.flatMap((_, index) => [...ipv6.slice(index, index + 1), ...ipv4.slice(index, index + 1)]);
}

function mostTelling(errors: readonly NodeJS.ErrnoException[]): Error {
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT']) {
    const error = errors.find((each) => each.code === code);
    if (error !== undefined) return error;
  }
  return errors.at(-1) ?? new Error('There was no address to connect to.');
}
