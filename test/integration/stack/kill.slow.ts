import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { planInterruptions } from '../../../soak/plan.ts';
import { faultsOf } from '../../../soak/report.ts';
import { Trial } from '../../../soak/trial.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lastmile-kill-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;

test('every accepted event arrives or is dead-lettered although the stack is killed and frozen and its configuration changes', async () => {
  // Events reach their age limit after a minute. So an event for an endpoint that never answers is dead-lettered then.
  const seed = 20_260_101;
  const interruptions = planInterruptions(seed, 8000);
  const ending = new AbortController();
  const common = { seed, interruptions, settleLimitMs: 110_000, ending: ending.signal, aborting: never };
  const trial = new Trial({ ...common, name: 'it', dataDir: join(folder, 'data'), durationMs: 120_000 });
  const running = trial.run();
  // On a busy machine, the stack needs several seconds to start after a kill, and accepts no event until then.
  const hasSeenAll = () =>
    trial.ledger.balance().accepted > 20 &&
    trial.interruptions.kills > 0 &&
    trial.interruptions.freezes > 0 &&
    Object.keys(trial.changes.made).length > 1;
  await Promise.race([running, vi.waitUntil(hasSeenAll, { timeout: 110_000, interval: 100 })]);
  ending.abort();
  const result = await running;
  expect(faultsOf(result, false)).toEqual([]);
  const { balance, kills, freezes, queued } = result;
  expect(balance.delivered + balance.deadLettered).toBe(balance.accepted);
  expect(balance).toMatchObject({ lost: [], unknown: 0, refused: 0 });
  expect(balance.accepted).toBeGreaterThan(20);
  expect([kills, freezes].every((count) => count > 0)).toBe(true);
  expect(Object.keys(result.changes).length).toBeGreaterThan(1);
  expect(queued).toBe(0);
}, 300_000);

test('a soak ends with an error that names the cause when the stack does not start again after a kill', async () => {
  const dataDir = join(folder, 'data');
  const common = { seed: 1, durationMs: 60_000, interruptions: [], ending: never, aborting: never };
  const trial = new Trial({ ...common, name: 'it', dataDir, settleLimitMs: 60_000 });
  const running = trial.run();
  await vi.waitUntil(() => trial.ledger.balance().delivered > 0, { timeout: 100_000, interval: 10 });
  // The running stack keeps its open files. The next one finds a file in the place of its folder.
  renameSync(dataDir, `${dataDir}-moved`);
  writeFileSync(dataDir, '');
  await trial.interruptions.act({ kind: 'kill' });
  const result = await running;
  expect(faultsOf(result, false)).toEqual([expect.stringMatching(/^it: ended early: Error: The stack ended: .*data/)]);
  expect([result.kills, result.queued]).toEqual([1, undefined]);
}, 150_000);

const command = join(import.meta.dirname, '..', '..', '..', 'soak', 'soak.ts');

/** Starts a soak with its own temporary folder; `ended` resolves with its exit code and output. */
function startSoak(...args: string[]) {
  const child = spawn(process.execPath, [command, ...args], { env: { ...process.env, TMPDIR: folder } });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code, ...output }));
  return { child, ended };
}

test('npm run soak prints the ledgers of both stacks and removes its files when it is interrupted', async () => {
  const { child, ended } = startSoak('--minutes', '5', '--seed', '7');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const { code, stdout, stderr } = await ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^seed 7, 5 min\nEnding early/);
  const ledger = String.raw`stack: 0 kills, 0 freezes[^]*\n  \d+ accepted = \d+ delivered \+ \d+ dead-lettered \+ 0 lost\n`;
  expect(stdout).toMatch(new RegExp(`\nthe killed ${ledger}[^]*\nthe steady ${ledger}`));
  expect(stdout).toMatch(/\nPassed: no event is lost, and nothing else went wrong\.\n$/);
  expect(readdirSync(folder)).toEqual([]);
});

test.each(['--minute 5', '--minutes many', '--minutes 0.05', '--seed -1'])(
  '"npm run soak -- %s" prints one line and ends with status 2',
  async (args) => {
    const { code, stdout, stderr } = await startSoak(...args.split(' ')).ended;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^.*--(minute|seed).*\n$/);
  },
);
