import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, withoutUndefined } from '../core/input/json.ts';
import { jsonLine } from '../local/terminal-text.ts';
import { commandLine, Exit, parseCommandLine, runCommand, timeOf, wrongUsage } from './command.ts';
import { callControlApi } from './function-call.ts';
import type { StackAddress } from './stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from './stack-address.ts';

const command = 'keys';

const usage = `Creates and manages the API keys of a stack. It invokes the function control-api directly.

  ${commandLine('keys', 'create --api <control|events> [--description <text>] [--days <1-365>]')}
  ${commandLine('keys', 'list --api <control|events>')}
  ${commandLine('keys', 'update <id> --api <control|events> [--description <text>] [--days <1-365>]')}
  ${commandLine('keys', 'delete <id> --api <control|events>')}

  --api <id>              control: all operations; events: PutEvents only
  --description <text>    what the key is for
  --days <number>         days from now until it expires (default of create: 7)
  --json                  prints one JSON object per key
  ${stackUsage}

create prints the whole key once; with --json it is the member id. <id> is the first 14 characters of a key, or the whole key.
Exit status: 0 done, 1 refused or not reached, 2 wrong usage.`;

const text = { type: 'string' } as const;
const flags = { ...stackFlags, api: text, description: text, days: text, json: { type: 'boolean' } } as const;

const operations = { create: 'CreateApiKey', list: 'ListApiKeys', update: 'UpdateApiKey', delete: 'DeleteApiKey' };
type Verb = keyof typeof operations;

interface Options {
  readonly verb: Verb;
  readonly input: JsonObject;
  readonly json: boolean;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseCommandLine(command, args, flags, { allowPositionals: true });
  if (values.help === true) throw new Exit(0, usage);
  const [verb = '', ...ids] = positionals;
  if (!isVerb(verb)) throw new Exit(2, `Start with create, list, update or delete.\n\n${usage}`);
  const takesId = verb === 'update' || verb === 'delete';
  const [id] = ids;
  if (ids.length !== (takesId ? 1 : 0))
    throw wrong(takesId ? `Name one key to ${verb} by its <id>.` : `${verb} takes no <id>. Remove it.`);
  const { api: apiId, description, days } = values;
  if (apiId === undefined) throw wrong('Add --api control or --api events.');
  const changes = verb === 'create' || verb === 'update';
  if (!changes && (description ?? days) !== undefined)
    throw wrong(`${verb} takes neither --description nor --days. Remove them.`);
  const members = { apiId, id, description, expires: days === undefined ? undefined : expiryIn(days) };
  return { verb, input: withoutUndefined(members), json: values.json ?? false, address: stackAddress(values) };
}

function isVerb(verb: string): verb is Verb {
  return Object.hasOwn(operations, verb);
}

function wrong(what: string): Exit {
  return wrongUsage(command, what);
}

/**
 * Seconds that are added to a validity of exactly 1 or 365 days. The stack accepts only 1 to 365 days, and its clock may differ
 * from this machine's by up to a minute.
 */
const marginSeconds: Readonly<Record<number, number>> = { 1: 60, 365: -60 };

function expiryIn(days: string): number {
  if (!/^[0-9]{1,3}$/.test(days)) throw wrong('--days must be a whole number from 1 to 365.');
  return Math.floor(Date.now() / 1000) + Number(days) * 86_400 + (marginSeconds[Number(days)] ?? 0);
}

/** The key goes to stdout, so that a script can read it. The explanation goes to stderr. */
async function perform(options: Options): Promise<void> {
  const { verb, input, json, address } = options;
  if (verb === 'list') return await list(options);
  const { apiKey } = await callControlApi(operations[verb], input, address);
  if (!isJsonObject(apiKey)) {
    const id = String(input['id']).slice(0, 14);
    return console.log(json ? jsonLine({ id }) : `deleted  ${id}`);
  }
  if (verb === 'update') return console.log(json ? jsonLine(apiKey) : lineOf(apiKey));
  console.log(json ? jsonLine(apiKey) : String(apiKey['id']));
  console.error(`Store this key now, because it is not shown again. It expires at ${timeOf(apiKey['expires'])}.`);
}

async function list({ input, json, address }: Options): Promise<void> {
  let nextToken: JsonValue | undefined;
  let isEmpty = true;
  do {
    const page = await callControlApi(
      'ListApiKeys',
      { ...input, ...(nextToken === undefined ? {} : { nextToken }) },
      address,
    );
    const { apiKeys } = page;
    for (const apiKey of Array.isArray(apiKeys) ? apiKeys : []) {
      if (isJsonObject(apiKey)) console.log(json ? jsonLine(apiKey) : lineOf(apiKey));
      isEmpty = false;
    }
    nextToken = page['nextToken'];
  } while (nextToken !== undefined);
  if (isEmpty) console.error(`The API '${String(input['apiId'])}' has no keys.`);
}

function lineOf({ id, expires, deletes, description }: JsonObject): string {
  const about = description === undefined ? '' : `  ${String(description)}`;
  return `${String(id)}  expires ${timeOf(expires)}  kept until ${timeOf(deletes)}${about}`;
}

async function main(args: string[]): Promise<number> {
  await perform(parseOptions(args));
  return 0;
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
