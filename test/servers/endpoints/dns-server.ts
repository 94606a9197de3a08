import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import type { LookupFunction } from 'node:net';
import { type Answer, decode, encode } from 'dns-packet';

export interface DnsServer {
  /** The requested names, one entry for each question of type A. */
  readonly asked: readonly string[];
  /** Resolves names with this server only, and without a cache. */
  readonly lookup: LookupFunction;
  close(): Promise<void>;
}

/**
 * A DNS server on a free port of the loopback address.
 *
 * @param answer returns the addresses of a name; `index` counts the questions of type A from 0
 */
export async function startDnsServer(answer: (name: string, index: number) => readonly string[]): Promise<DnsServer> {
  const asked: string[] = [];
  const current = new Map<string, readonly string[]>();
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { address, port }) => {
    const { id = 0, questions = [] } = decode(bytes);
    const [{ name, type } = { name: '', type: 'A' }] = questions;
    if (type === 'A') {
      asked.push(name);
      current.set(name, answer(name, asked.length - 1));
    }
    const isIpv6 = type === 'AAAA';
    const data = (current.get(name) ?? []).filter((each) => each.includes(':') === isIpv6);
    const answers = data.map((each): Answer => ({ type: isIpv6 ? 'AAAA' : 'A', name, ttl: 0, data: each }));
    socket.send(encode({ type: 'response', id, flags: 0x80, questions, answers }), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);

  async function resolve(name: string) {
    // One after the other: the addresses that `answer` returns for the first question are used for both.
    const ipv4 = await resolver.resolve4(name).catch(() => []);
    const ipv6 = await resolver.resolve6(name).catch(() => []);
    return [...ipv4.map((address) => ({ address, family: 4 })), ...ipv6.map((address) => ({ address, family: 6 }))];
  }
  return {
    asked,
    lookup: (name, _options, found) => void resolve(name).then((addresses) => found(null, addresses)),
    async close() {
      resolver.cancel();
      socket.close();
      await once(socket, 'close');
    },
  };
}
