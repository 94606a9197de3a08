import { didYouMean } from '../core/input/did-you-mean.ts';
import type { JsonObject } from '../core/input/json.ts';
import { isJsonObject } from '../core/input/json.ts';
import { jsonLine } from '../local/terminal-text.ts';
import { lastmileModel } from '../protocol/model/service-models.ts';
import { commandLine, Exit, parseCommandLine, runCommand, wrongUsage } from './command.ts';
import { named } from './deliveries/delivery-columns.ts';
import { callControlApi } from './function-call.ts';
import { stateText } from './health.ts';
import { MemberError, withMembers } from './policy-members.ts';
import type { StackAddress } from './stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from './stack-address.ts';

const command = 'policy';

const operations = Object.keys(lastmileModel.operations);

const usage = `Sets and shows the policies of API destinations and connections, and pauses API destinations. It invokes the function
control-api directly.

  ${commandLine('policy', 'pause <destination> [--until <time>]')}
  ${commandLine('policy', 'resume <destination>')}
  ${commandLine('policy', 'UpdateDeliveryPolicy <destination> [--set <member>=<value>]... [--unset <member>]...')}
  ${commandLine('policy', 'UpdateConnectionPolicy <connection> [--set <member>=<value>]... [--unset <member>]...')}
  ${commandLine('policy', "<operation> '<input as JSON>'")}

  ${commandLine('policy', 'UpdateDeliveryPolicy orders --set TimeoutSeconds=20 --set RetryPolicy.MaximumRetryAttempts=3')}
  ${commandLine('policy', 'pause orders --until 2026-12-24T18:00:00Z')}
  ${commandLine('policy', `PutDeliveryPolicy '{"ApiDestinationName": "orders", "TimeoutSeconds": 20}'`)}

  --set <member>=<value>  changes this member of the policy and no other
  --unset <member>        returns this member to its default
  --until <time>          end of the pause, in ISO 8601 with a time zone (default: until resume)
  --json                  prints the answer as one JSON object on one line
  operations: ${operations.slice(0, 4).join(', ')},
              ${operations.slice(4, 8).join(', ')},
              ${operations.slice(8, 12).join(', ')},
              ${operations.slice(12).join(', ')}
  ${stackUsage}

pause and resume print one line; an operation prints its answer as JSON. ${commandLine('health')} shows the state of every endpoint.
Exit status: 0 done, 1 refused or not reached, 2 wrong usage.`;

const texts = { type: 'string', multiple: true } as const;
const flags = {
  ...stackFlags,
  until: { type: 'string' },
  set: texts,
  unset: texts,
  json: { type: 'boolean' },
} as const;

interface Options {
  readonly operation: string;
  readonly input: JsonObject;
  /** The answer as lines for people; absent for an answer that is printed as JSON. */
  readonly linesOf?: (answer: JsonObject) => readonly string[];
  readonly json: boolean;
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
  const input = updated === undefined ? call.input : withFlags(verb, call.input, set, unset);
  return { ...call, input, json: values.json ?? false, address: stackAddress(values) };
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

type Call = Omit<Options, 'address' | 'json'>;

function callOf(verb: string, argument: string | undefined, rest: readonly string[], until: string | undefined): Call {
  if (verb === 'pause') {
    const input = {
      Name: oneName(verb, 'API destination', argument, rest),
      ...(until !== undefined && { Until: parseUntil(until) }),
    };
    return { operation: 'PauseApiDestination', input, linesOf: pauseLines };
  }
  if (verb === 'resume') {
    const input = { Name: oneName(verb, 'API destination', argument, rest) };
    return { operation: 'ResumeApiDestination', input, linesOf: stateLines };
  }
  if (verb === 'health') throw wrong(`The health of endpoints has a command of its own: ${commandLine('health')}.`);
  if (verb === '') throw new Exit(2, `${firstArgument}\n\n${usage}`);
  if (!operations.includes(verb)) throw wrong(didYouMean(verb, [...verbs, ...operations]) ?? firstArgument);
  if (argument === undefined || rest.length > 0) throw wrong(`Give the input of ${verb} as one JSON object.`);
  return { operation: verb, input: parseInput(verb, argument) };
}

const verbs = ['pause', 'resume'];

const firstArgument = 'Start with pause, resume or the name of an operation.';

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

function pauseLines(health: JsonObject): readonly string[] {
  return [
    ...stateLines(health),
    'No event is lost. The age limit of each event goes on counting; an event that gets too old goes to the dead letters.',
  ];
}

function stateLines(health: JsonObject): readonly string[] {
  return [`${named(health['Name'], '')}  ${stateText(health)}`];
}

async function main(args: string[]): Promise<number> {
  const { operation, input, linesOf, json, address } = parseOptions(args);
  const answer = await callControlApi(operation, input, address);
  if (json) console.log(jsonLine(answer));
  else console.log(linesOf?.(answer).join('\n') ?? JSON.stringify(answer, undefined, 2));
  return 0;
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
