import type { JsonObject } from '../../core/input/json.ts';
import { isJsonObject } from '../../core/input/json.ts';
import { counted, jsonLine, printable } from '../../local/terminal-text.ts';
import { commandLine, Exit, onlyEventId, parseCommandLine, runCommand, shellWord } from '../command.ts';
import { exactTimeOf, named } from './delivery-columns.ts';
import { RefusedOperation, callControlApi, objectsIn } from '../function-call.ts';
import { withHistory } from './history-calls.ts';
import type { StackAddress } from '../stack-address.ts';
import { sameStack, stackAddress, stackFlags, stackUsage } from '../stack-address.ts';

const command = 'replay';

const usage = `Delivers one event again. If it has failed, its dead letter goes back into the delivery queue. If it was delivered, its kept event
goes there. The event counts as received now, and keeps its id and its Idempotency-Key. It calls the operation ReplayDelivery.

  ${commandLine('replay', '<event id> [options]')}

  --api-destination <name>  the API destination; only needed if the event went to several
  --rule <rule>             only the delivery of this rule (name or ARN)
  --target-id <id>          only the delivery of this target
  --kept-at <location>      where the event is kept, if its dead letter is gone
  --json                    prints the answer as one JSON object
  ${stackUsage}

${commandLine('dead-letters')} lists the dead letters with their event ids. ${commandLine('redrive')} moves all of them. A deployed stack keeps events only
if its parameter keepEventsDays is set. If it has no dead letter of the event, this command searches its logs.
Exit status: 0 replayed, 1 not found, refused or not reached, 2 wrong usage.`;

const text = { type: 'string' } as const;
const flags = {
  ...stackFlags,
  'api-destination': text,
  rule: text,
  'target-id': text,
  'kept-at': text,
  json: { type: 'boolean' },
} as const;

interface Options {
  readonly eventId: string;
  readonly apiDestination: string | undefined;
  /** Rule and target. */
  readonly target: JsonObject;
  readonly keptAt: string | undefined;
  readonly json: boolean;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseCommandLine(command, args, flags, { allowPositionals: true });
  if (values.help === true) throw new Exit(0, usage);
  const { rule, 'target-id': targetId, json = false } = values;
  return {
    eventId: onlyEventId(command, positionals, usage),
    apiDestination: values['api-destination'],
    keptAt: values['kept-at'],
    target: { ...(rule !== undefined && { Rule: rule }), ...(targetId !== undefined && { TargetId: targetId }) },
    json,
    address: stackAddress(values),
  };
}

/**
 * The API destination of the event, if there is only one, or only one to which the delivery has failed. The dead letters of a
 * deployed stack are asked first, because its logs take longer and cost something.
 */
async function onlyDestination({ eventId, address }: Options): Promise<string> {
  const filter = { EventId: eventId };
  const deadLetters = async () => objectsIn(await callControlApi('ListDeadLetters', filter, address), 'DeadLetters');
  const deliveries = async () =>
    objectsIn(await withHistory(address, (call) => call('ListDeliveries', filter)), 'Deliveries');
  const [first, second] = address.stage === 'local' ? [deliveries, deadLetters] : [deadLetters, deliveries];
  const found = await first();
  const known = found.length > 0 ? found : await second();
  const failed = known.filter(({ Outcome }) => Outcome === 'dead-lettered');
  const names = namesIn(failed.length > 0 ? failed : known);
  const [name, ...others] = names;
  if (name === undefined) throw new Exit(1, whyNotFound(eventId, known[0], address));
  if (others.length === 0) return name;
  const ways = names.map((each) => {
    const args = `${shellWord(printable(eventId))} --api-destination ${shellWord(each)}${sameStack(address)}`;
    return `  ${commandLine(command, args)}`;
  });
  throw new Exit(1, `The event went to ${names.length} API destinations. Choose one:\n${ways.join('\n')}`);
}

function namesIn(found: readonly JsonObject[]): readonly string[] {
  const names = found.flatMap(({ ApiDestinationName }) =>
    ApiDestinationName === undefined ? [] : [named(ApiDestinationName, '')],
  );
  return [...new Set(names)];
}

/** @param known what the history says of an event that went to no API destination */
function whyNotFound(eventId: string, known: JsonObject | undefined, { aws }: StackAddress): string {
  if (known !== undefined) {
    const { Outcome, Reason = '' } = known;
    return `The event '${printable(eventId)}' went to no API destination (${named(Outcome, '')}), so it has no delivery to replay. ${printable(String(Reason), 1024)} Send it again with PutEvents.`;
  }
  return `Neither the history nor the dead letters have the event '${printable(eventId)}' in the region ${String(aws.region)}. ${commandLine('dead-letters')} lists those that are there; choose another region with --region.`;
}

/**
 * A deployed control API does not know the history. So if there is no dead letter, this command looks for the kept event.
 *
 * @throws Exit 1
 */
async function replay(input: JsonObject, address: StackAddress): Promise<JsonObject> {
  try {
    return await callControlApi('ReplayDelivery', input, address);
  } catch (error) {
    if (!(error instanceof RefusedOperation)) throw error;
    if (error.code !== 'ResourceNotFoundException' || address.stage === 'local' || input['KeptAt'] !== undefined)
      throw new Exit(1, withFlags(error.message));
  }
  const delivery = await withHistory(address, (call) => call('GetDelivery', input)).catch((error: unknown) => {
    if (!(error instanceof Exit) || error.status !== 1) throw error;
    throw new Exit(1, `There is no dead letter of this delivery. ${withFlags(error.message)}`);
  });
  const { Outcome, ConcludedAt, KeptAt } = delivery;
  const said = `There is no dead letter of this delivery. The logs say: ${String(Outcome)} at ${exactTimeOf(ConcludedAt)}.`;
  if (Outcome !== 'delivered' && Outcome !== 'dead-lettered')
    throw new Exit(1, `${said} It is attempted again without a replay.`);
  if (KeptAt === undefined)
    throw new Exit(
      1,
      `${said} Its event is not kept; the parameter keepEventsDays keeps later ones. Send the event again with PutEvents.`,
    );
  if (Outcome === 'dead-lettered')
    throw new Exit(
      1,
      `${said} If nobody else is moving it now, run the command again with --kept-at '${printable(String(KeptAt))}'.`,
    );
  return await callControlApi('ReplayDelivery', { ...input, KeptAt }, address);
}

function withFlags(message: string): string {
  return message
    .replace('Give the Rule or TargetId of one', 'Give --rule or --target-id of one')
    .replace('call ReplayDelivery with KeptAt', 'run the command again with --kept-at')
    .replace('ListDeliveries with EventId shows', `${commandLine('show')} with the event id shows`);
}

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  const { eventId, target, keptAt, json, address } = options;
  const name = options.apiDestination ?? (await onlyDestination(options));
  const input = {
    EventId: eventId,
    ApiDestinationName: name,
    ...target,
    ...(keptAt !== undefined && { KeptAt: keptAt }),
  };
  const answer = await replay(input, address);
  console.log(json ? jsonLine(answer) : replayedLine(answer, address));
  for (const note of notesOn(answer)) console.error(note);
  return 0;
}

function replayedLine(answer: JsonObject, address: StackAddress): string {
  const { EventId, ApiDestinationName, DeadLetter, KeptAt } = answer;
  const { DeadLetteredAt, Code } = isJsonObject(DeadLetter) ? DeadLetter : {};
  const code = Code === undefined ? '' : ` with ${named(Code, '')}`;
  const from =
    KeptAt === undefined ? `from its dead letter of ${exactTimeOf(DeadLetteredAt)}${code}` : 'from its kept event';
  const event = named(EventId, '');
  return `replayed  ${named(ApiDestinationName, '')}  ${event}  ${from}\n${commandLine('show', `${shellWord(event)}${sameStack(address)}`)} shows its attempts.`;
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

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
