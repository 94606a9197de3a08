import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OwnNetworkOutcomes } from '../../servers/endpoints/own-network.ts';

const program = resolve(import.meta.dirname, '../../servers/endpoints/own-network.ts');
const folder = mkdtempSync(join(tmpdir(), 'lastmile-network-'));
const nameServers = join(folder, 'resolv.conf');
writeFileSync(nameServers, 'nameserver 127.0.0.1\n');

/** Arguments of `unshare` that run a command in a network that has only the loopback interface, with 127.0.0.1 as name server. */
function inOwnNetwork(command: readonly string[]): string[] {
  const prepare = 'ip link set lo up && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';
  return ['--map-root-user', '--net', '--mount', 'sh', '-c', prepare, 'sh', nameServers, ...command];
}

const isPossible = spawnSync('unshare', inOwnNetwork(['true'])).status === 0;
if (!isPossible) {
  console.warn('This machine allows no network namespaces, so the tests that need a network of their own do not run.');
}

let outcomes: OwnNetworkOutcomes;

beforeAll(async () => {
  if (!isPossible) return;
  const { stdout } = await promisify(execFile)('unshare', inOwnNetwork([process.execPath, program]));
  outcomes = JSON.parse(stdout) as OwnNetworkOutcomes;
});

afterAll(() => rmSync(folder, { recursive: true }));

test.runIf(isPossible)(
  'a request is sent at once while the name servers of the system are silent about other names',
  () => expect(outcomes).toMatchObject({ besideSilentNames: 200, silentNamesEnded: 0 }),
);

test.runIf(isPossible)('an endpoint that has an IPv6 address is reached by IPv4 where no route leads to IPv6', () =>
  expect(outcomes.bothFamilies).toBe(200),
);

test.runIf(isPossible)('a request fails with ConnectionFailed where no route leads to the endpoint', () =>
  expect(outcomes.withoutRoute).toBe('ConnectionFailed'),
);
