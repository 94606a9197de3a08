import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { createNames } from '../../../lib/adapters/dns/names.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { type DnsAnswer, startDnsServer } from '../../servers/endpoints/dns-server.ts';

export const name = 'endpoint.example.test';

/** Name look-ups with a real DNS server, a real hosts file and a manual clock. Everything is closed after each test. */
export function nameSubjects() {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  return async (answer: (name: string, index: number) => readonly string[] | DnsAnswer, hosts = '') => {
    const dns = await startDnsServer(answer);
    const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
    closing.push(
      () => dns.close(),
      () => rmSync(folder, { recursive: true }),
    );
    const hostsFile = join(folder, 'hosts');
    writeFileSync(hostsFile, hosts);
    const clock = createManualClock();
    const resolve = createNames({ clock, servers: [dns.address], hostsFile });
    return { dns, clock, resolve, hostsFile, failureOf: (host: string) => failureOf(resolve(host)) };
  };
}

/** The error of the look-up; undefined when the look-up succeeds. */
export function failureOf(looking: Promise<readonly string[]>): Promise<unknown> {
  return looking.then(
    () => undefined,
    (error: unknown) => error,
  );
}
