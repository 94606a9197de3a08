import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { counted, jsonLine, printable } from '../../local/terminal-text.ts';
import { commandLine, Exit, parseCommandLine, runCommand, secondsIn, wholeNumberIn } from '../command.ts';
import { exactTimeOf, inColumns, named, statusOf } from './delivery-columns.ts';
import { callControlApi, objectsIn, pageSize } from '../function-call.ts';
import type { StackAddress } from '../stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from '../stack-address.ts';

const command = 'dead-letters';

const defaultLimit = 50;
const maximumLimit = 10_000;

const usage = `Lists the dead letters of the stack with the reasons, the latest first. It calls the operation ListDeadLetters.

  ${commandLine('dead-letters', '[options]')}

  --api-destination <name>  only dead letters of this API destination
  --event <id>              only dead letters of this event
  --error-code <code>       only those with this code: EventBridge's (ERROR_FROM_TARGET) or Lastmile's (EndpointRejected)
  --after <time>            only those that became dead letters at this time or later (2026-01-31 or 2026-01-31T08:00:00Z)
  --before <time>           only those that became dead letters before this time
  --limit <number>          at most this many (default: ${defaultLimit})
  --json                    prints one JSON object per line
  ${stackUsage}

${commandLine('replay', '<event id>')} delivers one of them again, and ${commandLine('redrive')} all of them. The list takes about two seconds. It hides
the dead letters from a redrive meanwhile.
Exit status: 0 done, 1 refused or not reached, 2 wrong usage.`;

const text = { type: 'string' } as const;
const flags = {
  ...stackFlags,
  'api-destination': text,
  event: text,
  'error-code': text,
  after: text,
  before: text,
  limit: text,
  json: { type: 'boolean' },
} as const;

interface Options {
  readonly input: JsonObject;
  readonly limit: number;
  readonly json: boolean;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values } = parseCommandLine(command, args, flags);
  if (values.help === true) throw new Exit(0, usage);
  const { event, after, before, limit, json = false } = values;
  const members = {
    ApiDestinationName: values['api-destination'],
    EventId: event,
    ErrorCode: values['error-code'],
    After: after === undefined ? undefined : secondsIn(command, 'after', after),
    Before: before === undefined ? undefined : secondsIn(command, 'before', before),
  };
  return {
    input: withoutUndefined(members),
    limit: limit === undefined ? defaultLimit : wholeNumberIn(command, 'limit', limit, 1, maximumLimit),
    json,
    address: stackAddress(values),
  };
}

async function main(args: string[]): Promise<number> {
  const { input, limit, json, address } = parseOptions(args);
  const deadLetters: JsonObject[] = [];
  let token: JsonValue | undefined;
  let isWhole = true;
  do {
    const Limit = Math.min(pageSize, limit - deadLetters.length);
    const page = { ...input, Limit, ...(token !== undefined && { NextToken: token }) };
    const answer = await callControlApi('ListDeadLetters', page, address);
    deadLetters.push(...objectsIn(answer, 'DeadLetters'));
    isWhole &&= answer['Complete'] === true;
    token = answer['NextToken'];
  } while (token !== undefined && deadLetters.length < limit);
  if (deadLetters.length === 0) console.error(whyEmpty(input, address));
  else if (json) for (const deadLetter of deadLetters) console.log(jsonLine(deadLetter));
  else console.log(deadLetterLines(deadLetters).join('\n'));
  if (token !== undefined) console.error(`There are more than ${limit}. Filter them, or show more with --limit.`);
  if (!isWhole)
    console.error(
      `The queue has more dead letters than one call can read, so some are missing. ${commandLine('redrive', '--dry-run')} counts all of them.`,
    );
  return 0;
}

function whyEmpty(input: JsonObject, { aws }: StackAddress): string {
  const which = Object.keys(input).length === 0 ? 'no dead letters' : 'no dead letter that matches';
  return `The region ${String(aws.region)} has ${which}. Choose another region with --region.`;
}

/** One line for each dead letter, in columns, and below it the reason. */
function deadLetterLines(deadLetters: readonly JsonObject[]): readonly string[] {
  const rows = deadLetters.map((each) => [
    exactTimeOf(each['DeadLetteredAt']),
    named(each['ApiDestinationName'], '(unknown)'),
    named(each['EventId'], '(unknown)'),
    statusOf(each),
    each['AttemptsMade'] === undefined ? '-' : counted(Number(each['AttemptsMade']), 'attempt'),
    `${String(each['SizeBytes'])} bytes`,
    named(each['DetailType'], '-'),
  ]);
  const head = ['dead-lettered', 'API destination', 'event', 'status', 'attempts', 'size', 'type'];
  return inColumns([head, ...rows]).flatMap((line, index) => [line, ...reasonLines(deadLetters[index - 1])]);
}

function reasonLines(deadLetter: JsonObject | undefined): readonly string[] {
  const { ErrorMessage, ErrorCode, UnreadableReason, MessageId } = deadLetter ?? {};
  const reason = ErrorMessage ?? ErrorCode;
  return [
    ...(reason === undefined ? [] : [`    ${printable(String(reason), 1024)}`]),
    ...(UnreadableReason === undefined
      ? []
      : [
          `    message ${named(MessageId, '')} cannot be delivered again: ${printable(String(UnreadableReason), 1024)}`,
        ]),
  ];
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
