import { failures } from '../../core/failure/failure.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { didYouMean } from '../../core/input/did-you-mean.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { jsonLine } from '../../local/terminal-text.ts';
import { commandLine, Exit, parseCommandLine, runCommand, secondsIn, wholeNumberIn, wrongUsage } from '../command.ts';
import { deliveryLines } from './delivery-columns.ts';
import { follow, latestDeliveries } from './follow.ts';
import type { HistoryCall } from './history-calls.ts';
import { howFarBack, withHistory } from './history-calls.ts';
import type { StackAddress } from '../stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from '../stack-address.ts';

const command = 'history';

const defaultLimit = 50;
const followedLimit = 10;
const maximumLimit = 100_000;

const usage = `Lists the deliveries of the last 7 days, those that began last first. It calls the operation ListDeliveries.

  ${commandLine('history', '[options]')}

  --api-destination <name>  only deliveries to this API destination
  --event <id>              only deliveries of this event
  --rule <rule>             only deliveries of this rule (name or ARN)
  --outcome <outcome>       only those that are delivered, deferred, dead-lettered or returned now. Only the local stack has also
                            waiting (queued, and not tried yet), unmatched (no rule matched) and refused (by PutEvents)
  --code <code>             only those whose last failure has this code, such as TimedOut
  --status <number>         only those whose endpoint answered with this status last
  --text <text>             only those with this text in the reason of a failure or in the endpoint's answer
  --after <time>            only those that began at this time or later (2026-01-31 or 2026-01-31T08:00:00Z)
  --before <time>           only those that began before this time
  --limit <number>          at most this many (default: ${defaultLimit})
  --follow                  prints the latest ${followedLimit} deliveries (or --limit), then each invocation as it ends, until Ctrl-C
  --json                    prints one JSON object per line
  ${stackUsage}

${commandLine('show', '<event id>')} shows all attempts of one event. A deployed stack has its history in its log lines. For it, this command
runs a query of CloudWatch Logs Insights with your AWS credentials. AWS charges for the bytes that it reads; --after makes them fewer,
or reaches back further than 7 days. Ctrl-C stops the query.
Exit status: 0 done, 1 refused or not reached, 2 wrong usage, 130 stopped with Ctrl-C.`;

const text = { type: 'string' } as const;
const flags = {
  ...stackFlags,
  'api-destination': text,
  event: text,
  rule: text,
  outcome: text,
  code: text,
  status: text,
  text,
  after: text,
  before: text,
  limit: text,
  follow: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

interface Options {
  readonly input: JsonObject;
  readonly limit: number;
  readonly follows: boolean;
  readonly json: boolean;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values } = parseCommandLine(command, args, flags);
  if (values.help === true) throw new Exit(0, usage);
  const {
    event,
    rule,
    outcome,
    code,
    status,
    text: searched,
    after,
    before,
    limit,
    follow: follows = false,
    json = false,
  } = values;
  const address = stackAddress(values);
  if (follows && before !== undefined)
    throw wrongUsage(command, '--follow has no end, so it excludes --before. Remove one of them.');
  if (outcome !== undefined) refuseOutcomeWithoutInvocation(outcome, follows, address);
  const members = {
    ApiDestinationName: values['api-destination'],
    EventId: event,
    Rule: rule,
    Outcome: outcome === undefined ? undefined : oneOf('outcome', outcomes, outcome),
    Code: code === undefined ? undefined : oneOf('code', codes, code),
    Status: status === undefined ? undefined : wholeNumberIn(command, 'status', status, 100, 599),
    Text: searched,
    After: after === undefined ? undefined : secondsIn(command, 'after', after),
    Before: before === undefined ? undefined : secondsIn(command, 'before', before),
  };
  return {
    input: withoutUndefined(members),
    limit:
      limit === undefined
        ? follows
          ? followedLimit
          : defaultLimit
        : wholeNumberIn(command, 'limit', limit, 1, maximumLimit),
    follows,
    json,
    address,
  };
}

/** No invocation has ended with these, so no log line and no record has them. */
function refuseOutcomeWithoutInvocation(outcome: string, follows: boolean, { stage }: StackAddress): void {
  if (!['waiting', 'unmatched', 'refused'].includes(outcome)) return;
  if (stage !== 'local')
    throw wrongUsage(
      command,
      `A deployed stack writes no line about an event that is ${outcome}. Only the local stack knows it.`,
    );
  if (follows)
    throw wrongUsage(
      command,
      `--follow prints invocations as they end, and no invocation ends with the outcome ${outcome}. Remove one of them.`,
    );
}

const outcomes = ['delivered', 'deferred', 'dead-lettered', 'returned', 'waiting', 'unmatched', 'refused'];
/** The last three are error codes of entries that PutEvents refused. */
const codes = [
  ...Object.keys(failures),
  'Unexpected',
  'InvalidArgument',
  'MalformedDetail',
  'NotAuthorizedForSourceException',
];

function oneOf(flag: string, known: readonly string[], value: string): string {
  if (known.includes(value)) return value;
  const wayOut =
    didYouMean(value, known) ??
    (known === outcomes ? `Choose one of ${outcomes.join(', ')}.` : 'docs/guide/reference.md lists the failure codes.');
  throw wrongUsage(command, `--${flag} must be one that a delivery can have; it is '${value}'. ${wayOut}`);
}

async function list({ input, limit, json, address }: Options, call: HistoryCall): Promise<number> {
  const { deliveries, isCut } = await latestDeliveries(input, limit, call);
  if (deliveries.length === 0) console.error(whyEmpty(input, address));
  else if (json) for (const delivery of deliveries) console.log(jsonLine(delivery));
  else console.log(deliveryLines(deliveries).join('\n'));
  if (isCut) console.error(`There are more than ${limit}. Filter them, or show more with --limit.`);
  return 0;
}

/** A look at the local history reads one row. A look at the log lines is a query, which takes a second or two. */
const [localPauseMs, deployedPauseMs] = [500, 5000];

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  const { address, follows } = options;
  return await withHistory(address, async (call, signal) => {
    if (!follows) return await list(options, call);
    const pauseMs = address.stage === 'local' ? localPauseMs : deployedPauseMs;
    const pause = () => systemClock.delay(pauseMs, signal);
    return await follow({ ...options, print: console.log, pause }, call).catch((error: unknown) => {
      if (signal?.aborted === true) return 130;
      throw error;
    });
  });
}

function whyEmpty(input: JsonObject, { aws, stage }: StackAddress): string {
  const which = Object.keys(input).length === 0 ? 'no deliveries' : 'no delivery that matches';
  return `The history of the region ${String(aws.region)} has ${which}. ${howFarBack(stage, input)} Choose another region with --region.`;
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
