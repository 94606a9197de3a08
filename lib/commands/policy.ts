import { didYouMean } from '../core/input/did-you-mean.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject } from '../core/input/json.ts';
import { counted } from '../local/terminal-text.ts';
import { lastmileModel } from '../protocol/model/service-models.ts';
import { commandLine, Exit, parseCommandLine, runCommand, timeOf, wrongUsage } from './command.ts';
import { callControlApi } from './function-call.ts';
import { MemberError, withMembers } from './policy-members.ts';
import type { StackAddress } from './stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from './stack-address.ts';

const command = 'policy';

const operations = Object.keys(lastmileModel.operations);

const usage = `Sets and shows the policies of API destinations and connections, pauses API destinations and shows the health of
their endpoints. It invokes the function control-api directly.

  ${commandLine('policy', 'pause <destination> [--until <time>]')}
  ${commandLine('policy', 'resume <destination>')}
  ${commandLine('policy', 'health [<destination>]')}
  ${commandLine('policy', 'UpdateDeliveryPolicy <destination> [--set <member>=<value>]... [--unset <member>]...')}
  ${commandLine('policy', 'UpdateConnectionPolicy <connection> [--set <member>=<value>]... [--unset <member>]...')}
  ${commandLine('policy', "<operation> '<input as JSON>'")}

  ${commandLine('policy', 'UpdateDeliveryPolicy orders --set TimeoutSeconds=20 --set RetryPolicy.MaximumRetryAttempts=3')}
  ${commandLine('policy', 'pause orders --until 2026-12-24T18:00:00Z')}
  ${commandLine('policy', `PutDeliveryPolicy '{"ApiDestinationName": "orders", "TimeoutSeconds": 20}'`)}

  --set <member>=<value>  changes this member of the policy and no other
  --unset <member>        returns this member to its default
  --until <time>          end of the pause, in ISO 8601 with a time zone (default: until resume)
  operations: ${operations.slice(0, 4).join(', ')},
              ${operations.slice(4, 8).join(', ')},
              ${operations.slice(8, 12).join(', ')},
              ${operations.slice(12).join(', ')}
  ${stackUsage}

pause, resume and health print one line for each destination; an operation prints its answer as JSON.
Exit status: 0 done, 1 refused or not reached, 2 wrong usage.`;

const texts = { type: 'string', multiple: true } as const;
const flags = { ...stackFlags, until: { type: 'string' }, set: texts, unset: texts } as const;

interface Options {
  readonly operation: string;
  readonly input: JsonObject;
  /** Prints the answer; absent for an answer that is printed as JSON. */
  readonly print?: (answer: JsonObject) => void;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseCommandLine(command, args, flags, { allowPositionals: true });
  if (values.help === true) throw new Exit(0, usage);
  const [verb = '', argument, ...rest] = positionals;
  if (verb !== 'pause' && values.until !== undefined) throw wrong('Only pause takes --until. Remove it.');
  const { set = [], unset = [] } = values;
  const updated = updates[verb];
  if (updated === undefined && set.length + unset.length > 0)
    throw wrong(`Only ${Object.keys(updates).join(' and ')} take --set and --unset.`);
  const call =
    updated === undefined || argument?.trim().startsWith('{') === true
      ? callOf(verb, argument, rest, values.until)
      : { operation: verb, input: { [updated.nameMember]: oneName(verb, updated.kind, argument, rest) } };
  if (updated === undefined) return { ...call, address: stackAddress(values) };
  return { ...call, input: withFlags(verb, call.input, set, unset), address: stackAddress(values) };
}

/** The operations that change single members, and the member that names the API destination or connection. */
const updates: Readonly<Record<string, { readonly kind: Kind; readonly nameMember: string }>> = {
  UpdateDeliveryPolicy: { kind: 'API destination', nameMember: 'ApiDestinationName' },
  UpdateConnectionPolicy: { kind: 'connection', nameMember: 'ConnectionName' },
};

type Kind = 'API destination' | 'connection';

function withFlags(verb: string, input: JsonObject, set: readonly string[], unset: readonly string[]): JsonObject {
  try {
    return withMembers(verb, input, set, unset);
  } catch (error) {
    if (error instanceof MemberError) throw wrong(error.message);
    throw error;
  }
}

type Call = Omit<Options, 'address'>;

function callOf(verb: string, argument: string | undefined, rest: readonly string[], until: string | undefined): Call {
  if (verb === 'pause') {
    const input = {
      Name: oneName(verb, 'API destination', argument, rest),
      ...(until !== undefined && { Until: parseUntil(until) }),
    };
    return { operation: 'PauseApiDestination', input, print: printPause };
  }
  if (verb === 'resume') {
    const input = { Name: oneName(verb, 'API destination', argument, rest) };
    return { operation: 'ResumeApiDestination', input, print: printHealth };
  }
  if (verb === 'health') {
    if (rest.length > 0) throw wrong('Name at most one API destination.');
    if (argument === undefined) return { operation: 'ListDestinationHealth', input: {}, print: printHealths };
    return { operation: 'GetDestinationHealth', input: { Name: argument }, print: printHealth };
  }
  if (verb === '') throw new Exit(2, `${firstArgument}\n\n${usage}`);
  if (!operations.includes(verb)) throw wrong(didYouMean(verb, [...verbs, ...operations]) ?? firstArgument);
  if (argument === undefined || rest.length > 0) throw wrong(`Give the input of ${verb} as one JSON object.`);
  return { operation: verb, input: parseInput(verb, argument) };
}

const verbs = ['pause', 'resume', 'health'];

const firstArgument = 'Start with pause, resume, health or the name of an operation.';

function oneName(verb: string, kind: Kind, name: string | undefined, rest: readonly string[]): string {
  if (name === undefined || rest.length > 0) throw wrong(`Name one ${kind} after ${verb}.`);
  return name;
}

/** The zone is required, because a time without one would depend on the zone of this machine. */
const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** @returns epoch seconds */
function parseUntil(text: string): number {
  const ms = isoTime.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw wrong('--until must be a time such as 2026-12-24T18:00:00Z.');
  return ms / 1000;
}

/** The error leaves out the parser's message, because that message quotes the input. */
function parseInput(operation: string, json: string): JsonObject {
  try {
    const input: unknown = JSON.parse(json);
    if (isJsonObject(input)) return input;
  } catch {
    // The error below covers this case too.
  }
  const member = operation.endsWith('ConnectionPolicy') ? 'ConnectionName' : 'ApiDestinationName';
  const example = operation.endsWith('Policy') ? `{"${member}": "..."}` : '{"Name": "..."}';
  throw wrong(`The input is not a JSON object. Write it in single quotes: ${operation} '${example}'.`);
}

function wrong(what: string): Exit {
  return wrongUsage(command, what);
}

function printPause(health: JsonObject): void {
  printHealth(health);
  console.log(
    'No event is lost. The age limit of each event goes on counting; an event that gets too old goes to the dead letters.',
  );
}

function printHealths({ ApiDestinations }: JsonObject): void {
  const healths = Array.isArray(ApiDestinations) ? ApiDestinations : [];
  if (healths.length === 0) console.error('This region has no API destinations.');
  for (const health of healths) if (isJsonObject(health)) printHealth(health);
}

function printHealth(health: JsonObject): void {
  const { Name, State, LastFailure, FailuresInRow, MeanAnswerMilliseconds, WaitingEvents } = health;
  const failure = isJsonObject(LastFailure) ? LastFailure : undefined;
  const facts = [
    Number(FailuresInRow) > 0 && `${counted(Number(FailuresInRow), 'failure')} in a row`,
    ...timesOf(health),
    failure !== undefined && `last failure ${String(failure['Code'])} at ${timeOf(failure['At'])}`,
    MeanAnswerMilliseconds !== undefined && `answers in ${Number(MeanAnswerMilliseconds).toFixed(0)} ms`,
    WaitingEvents !== undefined && `about ${counted(Number(WaitingEvents), 'waiting event')}`,
  ];
  console.log([State, Name, ...facts.filter((fact) => fact !== false)].join('  '));
}

function timesOf({ State, Since, PausedUntil, NextProbeAt }: JsonObject) {
  return [
    State === 'PAUSED' && (PausedUntil === undefined ? 'until resumed' : `until ${timeOf(PausedUntil)}`),
    Since !== undefined && `unhealthy since ${timeOf(Since)}`,
    NextProbeAt !== undefined && `next probe at ${timeOf(NextProbeAt)}`,
  ];
}

async function main(args: string[]): Promise<number> {
  const { operation, input, print, address } = parseOptions(args);
  // `health` prints all pages. An operation that is called by its name prints one page, with its NextToken.
  for (let token: JsonValue | undefined; ; ) {
    const answer = await callControlApi(
      operation,
      { ...input, ...(token !== undefined && { NextToken: token }) },
      address,
    );
    if (print === undefined) console.log(JSON.stringify(answer, undefined, 2));
    else print(answer);
    token = print === undefined ? undefined : answer['NextToken'];
    if (token === undefined) return 0;
  }
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
