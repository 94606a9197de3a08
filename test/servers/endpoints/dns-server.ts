import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode } from 'dns-packet';
import { createNames, type ResolveName } from '../../../lib/adapters/dns/names.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';

export type Family = 'A' | 'AAAA';

export interface DnsAnswer {
  readonly addresses: readonly string[];
  readonly ttlSeconds?: number;
  /** Questions of these types get no answer. */
  readonly silent?: readonly Family[];
  /** Questions of these types are answered with a failure of the server (SERVFAIL). */
  readonly failing?: readonly Family[];
}

/** A name server that never answers. */
export const silence: DnsAnswer = { addresses: [], silent: ['A', 'AAAA'] };

export interface DnsServer {
  /** The requested names, with one entry for each question of type A. */
  readonly asked: readonly string[];
  /** Address and port. */
  readonly address: string;
  /** Resolves names with this server only, and without a hosts file. */
  readonly resolveName: ResolveName;
  /** Resolves when this many questions of both types have arrived. */
  questions(count: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * A DNS server on a port of the loopback address.
 *
 * @param answer returns the addresses of a name; the default time to live is 0. `index` counts the questions of each type for
 * this name from 0
 * @param listenOn the port; by default, a free one
 */
export async function startDnsServer(
  answer: (name: string, index: number) => readonly string[] | DnsAnswer,
  listenOn = 0,
): Promise<DnsServer> {
  const questions: string[] = [];
  const waiting = new Map<number, () => void>();
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { address, port }) => {
    const question = decode(bytes);
    const [{ name, type } = { name: '', type: 'A' }] = question.questions ?? [];
    const index = questions.filter((each) => each === `${type} ${name}`).length;
    questions.push(`${type} ${name}`);
    waiting.get(questions.length)?.();
    const family = type === 'AAAA' ? 'AAAA' : 'A';
    const answered = answer(name, index);
    const {
      addresses,
      ttlSeconds = 0,
      silent = [],
      failing = [],
    } = 'addresses' in answered ? answered : { addresses: answered };
    if (silent.includes(family)) return;
    const data = failing.includes(family) ? [] : addresses.filter((each) => each.includes(':') === (family === 'AAAA'));
    const answers = data.map((each): Answer => ({ type: family, name, ttl: ttlSeconds, data: each }));
    const flags = failing.includes(family) ? 0x82 : 0x80;
    const response = {
      type: 'response',
      id: question.id ?? 0,
      flags,
      questions: question.questions ?? [],
      answers,
    } as const;
    socket.send(encode(response), port, address);
  });
  socket.bind(listenOn, '127.0.0.1');
  await once(socket, 'listening');
  const address = `127.0.0.1:${socket.address().port}`;
  return {
    get asked() {
      return questions.filter((each) => each.startsWith('A ')).map((each) => each.slice(2));
    },
    address,
    resolveName: createNames({ clock: systemClock, servers: [address], hostsFile: '/no-hosts-file' }),
    questions(count) {
      if (questions.length >= count) return Promise.resolve();
      return new Promise((resolve) => waiting.set(count, resolve));
    },
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}
