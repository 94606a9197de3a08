import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject } from '../../core/input/json.ts';
import { parseRedriveRequest, RedriveRequestError } from '../../core/message/redrive-request.ts';
import { counted, jsonLine } from '../../local/terminal-text.ts';
import { commandLine, Exit, parseCommandLine, runCommand, wrongUsage } from '../command.ts';
import { callFunction } from '../function-call.ts';
import type { StackAddress } from '../stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from '../stack-address.ts';

const command = 'redrive';

const usage = `Moves dead letters back into the delivery queue. It invokes the function redrive. Each event counts as received now.

  ${commandLine('redrive', '[options]')}

  --api-destination <x>   move only the dead letters of this API destination (name or ARN)
  --error-code <code>     move only those with this code: EventBridge's (ERROR_FROM_TARGET) or Lastmile's (EndpointRejected)
  --after <time>          move only those that became dead letters at this time or later (2026-01-31 or 2026-01-31T08:00:00Z)
  --before <time>         move only those that became dead letters before this time
  --maximum <number>      move at most this many
  --rate <number>         move at most this many per second, 0.1 or more
  --dry-run               only count them, and move nothing
  --json                  prints the result as one JSON object
  ${stackUsage}

Without a filter it moves all dead letters that are there when it starts. It leaves others in place, also those that come back
meanwhile. It lists those that cannot be delivered again, with the reason: the message is not a delivery, or the delivery queue
refuses it. It leaves them in place too.
Exit status: 0 done, 1 stopped early or a dead letter cannot be delivered again, 2 wrong usage.`;

const text = { type: 'string' } as const;
const flags = {
  ...stackFlags,
  'api-destination': text,
  'error-code': text,
  after: text,
  before: text,
  maximum: text,
  rate: text,
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

/** The field of the function's input that each flag sets. */
const fields = {
  'api-destination': 'apiDestination',
  'error-code': 'errorCode',
  after: 'after',
  before: 'before',
  maximum: 'maximum',
  rate: 'ratePerSecond',
  'dry-run': 'dryRun',
} as const;

interface Options {
  readonly input: JsonObject;
  readonly maximum: number | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values } = parseCommandLine(command, args, flags);
  if (values.help === true) throw new Exit(0, usage);
  const given = Object.entries(fields).flatMap(([flag, field]): [string, JsonValue][] => {
    const value = values[flag as keyof typeof fields];
    return value === undefined ? [] : [[field, isNumber(flag) ? numberIn(String(value)) : value]];
  });
  const input = Object.fromEntries(given);
  try {
    const { maximum, dryRun } = parseRedriveRequest(input);
    return { input, maximum, dryRun, json: values.json ?? false, address: stackAddress(values) };
  } catch (error) {
    if (!(error instanceof RedriveRequestError)) throw error;
    throw wrongUsage(command, withFlags(error.message));
  }
}

function isNumber(flag: string): boolean {
  return flag === 'maximum' || flag === 'rate';
}

/** A value that is not a number is returned unchanged. parseRedriveRequest then refuses it and names the field. */
function numberIn(value: string): number | string {
  return /^[0-9]+(\.[0-9]+)?$/.test(value) ? Number(value) : value;
}

function withFlags(message: string): string {
  const flagOf = new Map(Object.entries(fields).map(([flag, field]): [string, string] => [field, `--${flag}`]));
  return message.replace(/\b[A-Za-z]+(?= is |\.$)/g, (word) => flagOf.get(word) ?? word);
}

/** One command may call the function several times. These are the results of all its calls. */
interface Totals {
  readonly moved: number;
  /** From the last call only. A sum would count a dead letter that stays in its queue once for each call. */
  readonly matched: number;
  readonly kept: number;
  readonly unreadable: readonly JsonObject[];
  readonly unreadableCount: number;
  /** Why the command ended before it had read every dead letter. */
  readonly stopped?: string;
}

async function redrive({ input, maximum, dryRun, json, address }: Options): Promise<Totals> {
  let before = input['before'];
  for (let moved = 0; ; ) {
    const rest = {
      ...input,
      ...(before !== undefined && { before }),
      ...(maximum !== undefined && { maximum: maximum - moved }),
    };
    const { members, error } = await callFunction('redrive', rest, address, 'moved');
    if (error !== undefined) {
      const soFar = moved === 0 ? '' : ` Moved before that: ${moved}.`;
      throw new Exit(error.type === 'RedriveRequestError' ? 2 : 1, `Stopped: ${error.message}${soFar}`);
    }
    const movedNow = count(members, 'moved');
    moved += movedNow;
    before = members['before'];
    const totals = { ...totalsOf(members), moved };
    const isFull = maximum !== undefined && (dryRun ? totals.matched : moved) >= maximum;
    if (members['more'] !== true || isFull) return totals;
    if (dryRun) return { ...totals, stopped: 'a dry run reads only as many as one call can read' };
    if (movedNow === 0) return { ...totals, stopped: 'the last call moved none of the dead letters that it read' };
    (json ? console.error : console.log)(`${moved} moved so far`);
  }
}

function totalsOf(answer: JsonObject): Omit<Totals, 'moved'> {
  const unreadable = Array.isArray(answer['unreadable']) ? (answer['unreadable'] as readonly JsonValue[]) : [];
  return {
    matched: count(answer, 'matched'),
    kept: count(answer, 'kept'),
    unreadable: unreadable.filter(isJsonObject),
    unreadableCount: count(answer, 'unreadableCount'),
  };
}

function count(answer: JsonObject, name: string): number {
  return typeof answer[name] === 'number' ? answer[name] : 0;
}

function summaryOf(totals: Totals, dryRun: boolean): string {
  const { moved, matched, kept, unreadable, unreadableCount, stopped } = totals;
  const others = dryRun ? kept - matched : kept;
  const done = dryRun ? `${counted(matched, 'dead letter')} would be moved` : `${counted(moved, 'dead letter')} moved`;
  const lines = unreadable.map(({ messageId, reason }) => `  ${String(messageId)}  ${String(reason)}`);
  const listed = unreadable.length < unreadableCount ? ` (${unreadable.length} listed)` : '';
  return [
    `${done}, ${others} left in place`,
    ...(unreadableCount > 0 ? [`${unreadableCount} cannot be delivered again${listed}:`, ...lines] : []),
    ...(stopped === undefined ? [] : [`Some dead letters were not read: ${stopped}.`]),
  ].join('\n');
}

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  const totals = await redrive(options);
  console.log(options.json ? jsonLine({ ...totals }) : summaryOf(totals, options.dryRun));
  return totals.stopped === undefined && totals.unreadableCount === 0 ? 0 : 1;
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
