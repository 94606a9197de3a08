import type { Socket } from 'node:net';
import type { Clock } from '../../ports/clock.ts';

/** How long an attempt is alone before the next address is tried beside it. Source: RFC 8305 section 5, and what curl does. */
const headStartMs = 250;

/**
 * Addresses of one name that are tried at most. A name may have thousands, and whoever owns it must not make a worker call them
 * all. Eight are begun within two seconds.
 */
const maximumAddresses = 8;

export interface Connecting {
  readonly clock: Clock;
  /** The limit of all attempts together. */
  readonly limitMs: number;
  /** Begins a connection to the address. */
  readonly connectTo: (address: string) => Socket;
}

/**
 * The first connection that is made to one of the addresses. The families alternate, IPv6 first. The next address is tried when
 * the one before has failed or has had its head start, and each attempt goes on until one has won or the limit is over: a route
 * that is slow must not lose against one that does not exist. The others are closed. Source: RFC 8305 sections 4 and 5.
 *
 * Node's own `autoSelectFamily` ends each attempt after its head start, so an endpoint that takes longer to connect is never
 * reached (nodejs/node#54359).
 *
 * Failure policy: when all attempts fail, a refusal by the endpoint is reported before a timeout, and a timeout before a missing
 * route, because a missing route is often that of a family which this network does not have.
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
      // Stays on the winner too, so that no error of it is without a listener.
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
      errors.push(Object.assign(new Error('No address was connected to in time.'), { code: 'ETIMEDOUT' }));
      fail();
    });
    tryNext();
  });
}

/** IPv6, IPv4, IPv6 and so on; within a family in the order given. */
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
