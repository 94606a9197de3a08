import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { JsonValue } from '../core/input/json.ts';
import { parseTime } from '../core/input/time.ts';

/** Ends a command with a message and an exit status. */
export class Exit extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The folder of package.json: the checkout, or the installed package. */
export const packageFolder = dirname(findPackageJSON('.', import.meta.url) ?? '.');

/**
 * The command as the user would type it: `lastmile send orders`, `npx lastmile send orders`, or in a checkout
 * `npm run send -- orders`. infra/node/lastmile.cjs sets the variable.
 */
export function commandLine(command: string, args = ''): string {
  const rest = args === '' ? '' : ` ${args}`;
  const calledAs = process.env['LASTMILE_CALLED_AS'];
  if (calledAs !== undefined) return `${calledAs} ${command}${rest}`;
  const npm = command === 'start' ? 'npm start' : `npm run ${command}`;
  return rest === '' ? npm : `${npm} --${rest}`;
}

/** @param command its name, such as `send` */
export function wrongUsage(command: string, what: string): Exit {
  return new Exit(2, `${sentence(what)} See ${commandLine(command, '--help')}.`);
}

type Flags = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/** Every command has it. */
export const helpFlag = { help: { type: 'boolean', short: 'h' } } as const;

/** @throws Exit 2 that names the wrong argument */
export function parseCommandLine<const Options extends Flags>(
  command: string,
  args: readonly string[],
  options: Options,
  { allowPositionals = false }: { readonly allowPositionals?: boolean } = {},
) {
  const parsed = tryToParse(command, () => parseArgs({ args: [...args], options, allowPositionals }));
  for (const [flag, value] of Object.entries(parsed.values)) {
    if (value === '') throw wrongUsage(command, `--${flag} needs a value.`);
  }
  return parsed;
}

function tryToParse<Parsed>(command: string, parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch (error) {
    throw wrongUsage(command, problemIn(error));
  }
}

/** Node adds advice to most messages. Only the advice about the value of a flag helps with these commands. */
function problemIn(error: unknown): string {
  const message = messageOf(error).replaceAll('\n', ' ');
  const isAboutValue =
    error instanceof Error && 'code' in error && error.code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE';
  return isAboutValue ? message : (message.split('. ')[0] ?? message);
}

/** @throws Exit 2 that names the flag */
export function wholeNumberIn(command: string, flag: string, value: string, minimum: number, maximum: number): number {
  const number = /^[0-9]{1,6}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= minimum && number <= maximum) return number;
  throw wrongUsage(command, `--${flag} must be a whole number from ${minimum} to ${maximum}; it is '${value}'.`);
}

/** @returns epoch seconds. @throws Exit 2 */
export function secondsIn(command: string, flag: string, value: string): number {
  const ms = parseTime(value);
  if (ms !== undefined) return ms / 1000;
  throw wrongUsage(command, `--${flag} is not a time like 2026-01-31 or 2026-01-31T08:00:00Z; it is '${value}'.`);
}

/** The event id, which is the only argument without a flag. @throws Exit 2 when it is missing, or not alone */
export function onlyEventId(command: string, positionals: readonly string[], usage: string): string {
  const [eventId, ...rest] = positionals;
  if (eventId === undefined) throw new Exit(2, `Name the event by its id.\n\n${usage}`);
  if (rest.length > 0) throw wrongUsage(command, `Too many arguments: ${rest.join(' ')}. Give one event id.`);
  return eventId;
}

/** The text as one word of a shell. */
export function shellWord(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export function sentence(text: string): string {
  return text.replace(/[.?]?$/, (end) => end || '.');
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** @param seconds epoch seconds in an answer of the stack */
export function timeOf(seconds: JsonValue | undefined): string {
  return new Date(Number(seconds) * 1000).toISOString().replace('.000', '');
}

/**
 * A reader of the output that ends early, such as `head`, ends the command quietly.
 *
 * @returns the exit status. The message of an Exit goes to stdout for status 0, else to stderr
 */
export async function runCommand(work: () => Promise<number>): Promise<number> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    (error.status === 0 ? console.log : console.error)(error.message);
    return error.status;
  }
}
