import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject } from '../core/input/json.ts';
import { counted, printable } from '../local/terminal-text.ts';
import { Exit, parseCommandLine, runCommand, wrongUsage } from './command.ts';
import { exactTimeOf, named, shellWord } from './delivery-columns.ts';
import { callControlApi, objectsIn } from './function-call.ts';
import type { StackAddress } from './stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from './stack-address.ts';

const command = 'npm run replay';

const usage = `Delivers one event again that has failed: it moves its dead letter back into the delivery queue. It calls the operation
ReplayDelivery. The event counts as received now, and keeps its id and its Idempotency-Key.

  npm run replay -- <event id> [options]

  --api-destination <name>  the API destination; only needed if the event has dead letters for several
  --rule <rule>             only the delivery of this rule (name or ARN)
  --target-id <id>          only the delivery of this target
  --json                    prints the answer as one JSON object
  ${stackUsage}

npm run dead-letters lists the dead letters with their event ids. npm run redrive moves all of them.
Exit status: 0 replayed, 1 not found, refused or not reached, 2 wrong usage.`;

const text = { type: 'string' } as const;
const flags = {
  ...stackFlags,
  'api-destination': text,
  rule: text,
  'target-id': text,
  json: { type: 'boolean' },
} as const;

interface Options {
  readonly eventId: string;
  readonly apiDestination: string | undefined;
  /** Rule and target. */
  readonly target: JsonObject;
  readonly json: boolean;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseCommandLine(command, args, flags, { allowPositionals: true });
  if (values.help === true) throw new Exit(0, usage);
  const [eventId, ...rest] = positionals;
  if (eventId === undefined) throw new Exit(2, `Name the event by its id.\n\n${usage}`);
  if (rest.length > 0) throw wrongUsage(command, `Too many arguments: ${rest.join(' ')}. Give one event id.`);
  const { rule, 'target-id': targetId, json = false } = values;
  return {
    eventId,
    apiDestination: values['api-destination'],
    target: { ...(rule !== undefined && { Rule: rule }), ...(targetId !== undefined && { TargetId: targetId }) },
    json,
    address: stackAddress(values),
  };
}

/**
 * The API destination of the event, if there is only one, or only one to which the delivery has failed. A deployed stack does not
 * tell its history, so there the dead letters are asked.
 */
async function onlyDestination({ eventId, address }: Options): Promise<string> {
  const filter = { EventId: eventId };
  const deliveries = address.stage === 'local' ? await callControlApi('ListDeliveries', filter, address) : {};
  const known = objectsIn(deliveries, 'Deliveries');
  const found =
    known.length > 0 ? known : objectsIn(await callControlApi('ListDeadLetters', filter, address), 'DeadLetters');
  const failed = found.filter(({ Outcome }) => Outcome === 'dead-lettered');
  const names = namesIn(failed.length > 0 ? failed : found);
  const [name, ...others] = names;
  if (name === undefined) throw new Exit(1, whyNotFound(eventId, address));
  if (others.length === 0) return name;
  const ways = names.map(
    (each) => `  ${command} -- ${shellWord(printable(eventId))} --api-destination ${shellWord(each)}`,
  );
  throw new Exit(1, `The event went to ${names.length} API destinations. Choose one:\n${ways.join('\n')}`);
}

function namesIn(found: readonly JsonObject[]): readonly string[] {
  const names = found.flatMap(({ ApiDestinationName }) =>
    ApiDestinationName === undefined ? [] : [named(ApiDestinationName, '')],
  );
  return [...new Set(names)];
}

function whyNotFound(eventId: string, { aws, stage }: StackAddress): string {
  const where = stage === 'local' ? 'Neither the history nor the dead letters have' : 'The dead letters do not have';
  return `${where} the event '${printable(eventId)}' in the region ${String(aws.region)}. npm run dead-letters lists those that are there; choose another region with --region.`;
}

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  const { eventId, target, json, address } = options;
  const name = options.apiDestination ?? (await onlyDestination(options));
  const input = { EventId: eventId, ApiDestinationName: name, ...target };
  const answer = await callControlApi('ReplayDelivery', input, address);
  console.log(json ? JSON.stringify(answer) : replayedLine(eventId, name, answer['DeadLetter']));
  for (const note of notesOn(answer)) console.error(note);
  return 0;
}

function replayedLine(eventId: string, apiDestination: string, deadLetter: JsonValue | undefined): string {
  const { DeadLetteredAt, Code } = isJsonObject(deadLetter) ? deadLetter : {};
  const code = Code === undefined ? '' : ` with ${named(Code, '')}`;
  const from = `from its dead letter of ${exactTimeOf(DeadLetteredAt)}${code}`;
  return `replayed  ${printable(apiDestination)}  ${printable(eventId)}  ${from}\nnpm run show -- ${shellWord(printable(eventId))} shows its attempts.`;
}

function notesOn({ OtherDeadLetters, DeadLetterRemains }: JsonObject): readonly string[] {
  const others = Number(OtherDeadLetters ?? 0);
  return [
    ...(others === 0
      ? []
      : [
          `${counted(others, 'more dead letter')} of this delivery stay in the queue. Run the command again to deliver the next one too.`,
        ]),
    ...(DeadLetterRemains === true
      ? [
          'The dead letter could not be deleted. It stays in the queue, and another replay or redrive would deliver the event once more.',
        ]
      : []),
  ];
}

process.exitCode = await runCommand(() => main(process.argv.slice(2)));
