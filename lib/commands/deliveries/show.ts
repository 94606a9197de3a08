import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { jsonLine, printable } from '../../local/terminal-text.ts';
import { commandLine, Exit, onlyEventId, parseCommandLine, runCommand, secondsIn, shellWord } from '../command.ts';
import { attemptLines, undeliveredLines } from './delivery-columns.ts';
import { objectsIn } from '../function-call.ts';
import type { HistoryCall } from './history-calls.ts';
import { howFarBack, withHistory } from './history-calls.ts';
import type { StackAddress } from '../stack-address.ts';
import { sameStack, stackAddress, stackFlags, stackUsage } from '../stack-address.ts';

const command = 'show';

const usage = `Shows where one event went, with every attempt: time, outcome, status, wait for the rate, duration, failure, the
beginning of the endpoint's answer, next attempt. It calls the operations ListDeliveries and GetDelivery.

  ${commandLine('show', '<event id> [options]')}

  --api-destination <name>  only its deliveries to this API destination
  --after <time>            only deliveries that began at this time or later (2026-01-31 or 2026-01-31T08:00:00Z)
  --json                    prints one JSON object per delivery, with the whole answers that the history has
  ${stackUsage}

${commandLine('history')} lists events with their ids. A deployed stack has its history in its log lines. For it, this command runs queries of
CloudWatch Logs Insights with your AWS credentials, over the last 7 days or since --after. Ctrl-C stops them.
Exit status: 0 done, 1 not found, refused or not reached, 2 wrong usage, 130 stopped with Ctrl-C.`;

const text = { type: 'string' } as const;
const flags = { ...stackFlags, 'api-destination': text, after: text, json: { type: 'boolean' } } as const;

interface Options {
  readonly filter: JsonObject;
  readonly json: boolean;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseCommandLine(command, args, flags, { allowPositionals: true });
  if (values.help === true) throw new Exit(0, usage);
  const name = values['api-destination'];
  const filter = {
    EventId: onlyEventId(command, positionals, usage),
    ...(name !== undefined && { ApiDestinationName: name }),
    ...(values.after !== undefined && { After: secondsIn(command, 'after', values.after) }),
  };
  return { filter, json: values.json ?? false, address: stackAddress(values) };
}

async function show({ filter, json, address }: Options, call: HistoryCall): Promise<number> {
  let token: JsonValue | undefined;
  let shown = 0;
  do {
    const page = { ...filter, ...(token !== undefined && { NextToken: token }) };
    const answer = await call('ListDeliveries', page);
    for (const delivery of objectsIn(answer, 'Deliveries')) {
      const isUndelivered = delivery['EventBusName'] !== undefined;
      const whole = isUndelivered ? delivery : await call('GetDelivery', keyOf(delivery));
      const lines = isUndelivered ? undeliveredLines(whole) : [...attemptLines(whole), ...wayBack(whole, address)];
      if (!json && shown > 0) console.log('');
      console.log(json ? jsonLine(whole) : lines.join('\n'));
      shown += 1;
    }
    token = answer['NextToken'];
  } while (token !== undefined);
  if (shown > 0) return 0;
  const { EventId, ApiDestinationName } = filter;
  const where = ApiDestinationName === undefined ? '' : ` to '${printable(String(ApiDestinationName))}'`;
  throw new Exit(
    1,
    `The history of the region ${String(address.aws.region)} has no delivery of the event '${printable(String(EventId))}'${where}. ${howFarBack(address.stage, filter)} ${commandLine('history')} lists events; choose another region with --region.`,
  );
}

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  return await withHistory(options.address, (call) => show(options, call));
}

/** The command that delivers a dead-lettered event again. */
function wayBack({ Outcome, EventId, ApiDestinationName }: JsonObject, address: StackAddress): readonly string[] {
  if (Outcome !== 'dead-lettered' || EventId === undefined || ApiDestinationName === undefined) return [];
  const [event, destination] = [EventId, ApiDestinationName].map((name) => shellWord(printable(String(name))));
  const again = commandLine('replay', `${event} --api-destination ${destination}${sameStack(address)}`);
  return [`    deliver it again: ${again}`];
}

/** The members that tell the deliveries of one event apart. */
function keyOf(delivery: JsonObject): JsonObject {
  const names = ['EventId', 'ApiDestinationName', 'Rule', 'TargetId'];
  return Object.fromEntries(Object.entries(delivery).filter(([name]) => names.includes(name)));
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
