import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject } from '../core/input/json.ts';
import { jsonLine } from '../local/terminal-text.ts';
import { commandLine, Exit, parseCommandLine, runCommand, timeOf, wrongUsage } from './command.ts';
import { inColumns, named } from './deliveries/delivery-columns.ts';
import { callControlApi, objectsIn, pageSize } from './function-call.ts';
import type { StackAddress } from './stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from './stack-address.ts';

const command = 'health';

const usage = `Shows the health of the endpoints of API destinations: whether a destination is paused or unhealthy, its last failure, how
long its endpoint takes to answer, and about how many events wait. It calls the operations GetDestinationHealth and
ListDestinationHealth.

  ${commandLine(command, '[<API destination>] [options]')}

  --json                  prints one JSON object per line
  ${stackUsage}

${commandLine('policy', 'pause <API destination>')} stops the deliveries to a destination, and resume continues them.
Exit status: 0 done, 1 not found, refused or not reached, 2 wrong usage.`;

const flags = { ...stackFlags, json: { type: 'boolean' } } as const;

interface Options {
  readonly name: string | undefined;
  readonly json: boolean;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseCommandLine(command, args, flags, { allowPositionals: true });
  if (values.help === true) throw new Exit(0, usage);
  const [name, ...rest] = positionals;
  if (rest.length > 0)
    throw wrongUsage(command, `Too many arguments: ${rest.join(' ')}. Name at most one API destination.`);
  return { name, json: values.json ?? false, address: stackAddress(values) };
}

async function readHealth({ name, address }: Options): Promise<readonly JsonObject[]> {
  if (name !== undefined) return [await callControlApi('GetDestinationHealth', { Name: name }, address)];
  const found: JsonObject[] = [];
  let token: JsonValue | undefined;
  do {
    const page = { Limit: pageSize, ...(token !== undefined && { NextToken: token }) };
    const answer = await callControlApi('ListDestinationHealth', page, address);
    found.push(...objectsIn(answer, 'ApiDestinations'));
    token = answer['NextToken'];
  } while (token !== undefined);
  return found;
}

const head = ['state', 'API destination', 'unhealthy since', 'next probe', 'last failure', 'mean answer', 'waiting'];

function rowOf(health: JsonObject): readonly string[] {
  const { Name, Since, NextProbeAt, MeanAnswerMilliseconds, WaitingEvents } = health;
  return [
    stateText(health),
    named(Name, '-'),
    Since === undefined ? '-' : timeOf(Since),
    NextProbeAt === undefined ? '-' : timeOf(NextProbeAt),
    failureText(health),
    MeanAnswerMilliseconds === undefined ? '-' : `${Number(MeanAnswerMilliseconds).toFixed(0)} ms`,
    WaitingEvents === undefined ? 'not known' : `about ${String(WaitingEvents)}`,
  ];
}

/** The state, and for a pause its end. */
export function stateText({ State, PausedUntil }: JsonObject): string {
  if (State !== 'PAUSED') return String(State);
  return PausedUntil === undefined ? 'PAUSED until resumed' : `PAUSED until ${timeOf(PausedUntil)}`;
}

function failureText({ LastFailure, FailuresInRow }: JsonObject): string {
  if (!isJsonObject(LastFailure)) return '-';
  const inRow = Number(FailuresInRow) > 1 ? `, ${String(FailuresInRow)} in a row` : '';
  return `${named(LastFailure['Code'], '')} at ${timeOf(LastFailure['At'])}${inRow}`;
}

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  const found = await readHealth(options);
  if (options.json) for (const health of found) console.log(jsonLine(health));
  else if (found.length > 0) console.log(inColumns([head, ...found.map(rowOf)]).join('\n'));
  if (found.length === 0)
    console.error(
      `The region ${String(options.address.aws.region)} has no API destinations. Choose another region with --region.`,
    );
  return 0;
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
