import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runKillRound } from '../../lib/commands/soak-round.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'lastmile-kill-'));
});

afterEach(() => rmSync(dataDir, { recursive: true }));

/* The same with 2,000 events is `npm run soak`. */
test('every event that was accepted arrives or lies in the dead letters, however often the stack is killed', async () => {
  const options = { events: 150, kills: 3, seed: 20_260_101, dataDir, settleLimitMs: 30_000 };
  const { balance, kills, errors } = await runKillRound(options);
  expect(balance).toMatchObject({ lost: [], unknown: 0, refused: 0 });
  expect(balance.delivered + balance.deadLettered).toBe(balance.accepted);
  expect(balance.accepted + balance.unanswered).toBe(150);
  expect(balance.accepted).toBeGreaterThan(75);
  expect(kills).toBeGreaterThanOrEqual(3);
  expect(errors).toEqual([]);
}, 60_000);

const command = join(import.meta.dirname, '..', '..', 'lib', 'commands', 'soak.ts');
const soak = (...args: string[]) => promisify(execFile)(process.execPath, [command, ...args]);

test('npm run soak prints a ledger that balances and exits with 0', async () => {
  const { stdout } = await soak('--events', '6', '--kills', '1', '--seed', '7');
  expect(stdout).toMatch(/^seed 7: 6 events, 1 kills\n\d+ accepted = \d+ delivered \+ \d+ dead-lettered \+ 0 lost\n/);
  expect(stdout).toMatch(/\nThe ledger balances\.\n$/);
});

test.each([[['--event', '5']], [['--events', 'many']]])('npm run soak refuses %j in one line', async (args) => {
  await expect(soak(...args)).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(/^.*--event.*\n$/) });
});
