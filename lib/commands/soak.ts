import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBalance, isBalanced } from './soak-ledger.ts';
import { runKillRound } from './soak-round.ts';

const defaults = { events: 2000, kills: 20, minutes: 0, seed: 1 };

const usage = `Proves that no event is lost: sends events to an endpoint that fails 30 % of the time, half of them as asynchronous
invocations and half straight into the delivery queue, through a local stack that is killed (-9) and started again at random.
Every event that the stack has accepted must arrive or lie in the dead letters.

  npm run soak -- [options]

  --events <number>    events of a round (default: ${defaults.events})
  --kills <number>     kills of a round (default: ${defaults.kills})
  --minutes <number>   begin another round until so much time has passed (default: ${defaults.minutes}, which is one round)
  --seed <number>      draws the failures and the kills; each round takes the next (default: ${defaults.seed})
  --help               this text

Exit status: 0 every round balances, 1 one does not, 2 wrong usage.`;

/** Longer than both waits of Lambda's asynchronous retries together. */
const settleLimitMs = 300_000;

class UsageError extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const { help, events, kills, minutes, seed } = parseFlags(args);
  if (help) {
    console.log(usage);
    return 0;
  }
  const endsAtMs = performance.now() + minutes * 60_000;
  let balanced = true;
  for (let round = 0; balanced && (round === 0 || performance.now() < endsAtMs); round += 1) {
    balanced = await runRound({ events, kills, seed: seed + round });
  }
  return balanced ? 0 : 1;
}

async function runRound(options: { events: number; kills: number; seed: number }): Promise<boolean> {
  const { events, kills, seed } = options;
  console.log(`seed ${seed}: ${events} events, ${kills} kills`);
  const dataDir = await mkdtemp(join(tmpdir(), 'lastmile-soak-'));
  try {
    const result = await runKillRound({ ...options, dataDir, settleLimitMs });
    const balanced = isBalanced(result.balance);
    for (const line of new Set(result.errors)) console.error(line);
    console.log(formatBalance(result.balance));
    const seconds = (result.durationMs / 1000).toFixed(1);
    console.log(`${result.kills} kills, ${result.requests} requests to the endpoint, ${seconds} s`);
    console.log(balanced ? 'The ledger balances.' : 'THE LEDGER DOES NOT BALANCE.');
    return balanced;
  } finally {
    await rm(dataDir, { recursive: true });
  }
}

function parseFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { events: text, kills: text, minutes: text, seed: text, help: { type: 'boolean' } } as const;
  const { help = false, ...values } = parseOrRefuse(() => parseArgs({ args: [...args], options }).values);
  const numberOf = (name: keyof typeof defaults): number => wholeNumber(name, values[name] ?? String(defaults[name]));
  return {
    help,
    events: numberOf('events'),
    kills: numberOf('kills'),
    minutes: numberOf('minutes'),
    seed: numberOf('seed'),
  };
}

function parseOrRefuse<Values>(parse: () => Values): Values {
  try {
    return parse();
  } catch (error) {
    const [line = ''] = error instanceof Error ? error.message.split('\n') : [];
    throw new UsageError(`${line.replace(/\.?$/, '.')} See --help.`, { cause: error });
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`--${name} must be a whole number, unlike ${text}.`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
