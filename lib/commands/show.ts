import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { printable } from '../local/terminal-text.ts';
import { Exit, parseCommandLine, runCommand, wrongUsage } from './command.ts';
import { attemptLines } from './delivery-columns.ts';
import { callControlApi, objectsIn } from './function-call.ts';
import type { StackAddress } from './stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from './stack-address.ts';

const command = 'npm run show';

const usage = `Shows where one event went, with every attempt: time, outcome, status, wait for the rate, duration, failure, the
beginning of the endpoint's answer, next attempt. It calls the operations ListDeliveries and GetDelivery.

  npm run show -- <event id> [options]

  --api-destination <name>  only its deliveries to this API destination
  --json                    prints one JSON object per delivery, with the whole answers that the history has
  ${stackUsage}

npm run history lists events with their ids. A deployed stack has its history in CloudWatch Logs; for it, this command prints the
query for Logs Insights.
Exit status: 0 done, 1 not found, refused or not reached, 2 wrong usage.`;

const flags = { ...stackFlags, 'api-destination': { type: 'string' }, json: { type: 'boolean' } } as const;

interface Options {
  readonly filter: JsonObject;
  readonly json: boolean;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseCommandLine(command, args, flags, { allowPositionals: true });
  if (values.help === true) throw new Exit(0, usage);
  const [eventId, ...rest] = positionals;
  if (eventId === undefined) throw new Exit(2, `Name the event by its id.\n\n${usage}`);
  if (rest.length > 0) throw wrongUsage(command, `Too many arguments: ${rest.join(' ')}. Give one event id.`);
  const name = values['api-destination'];
  const filter = { EventId: eventId, ...(name !== undefined && { ApiDestinationName: name }) };
  return { filter, json: values.json ?? false, address: stackAddress(values) };
}

async function main(args: string[]): Promise<number> {
  const { filter, json, address } = parseOptions(args);
  let token: JsonValue | undefined;
  let shown = 0;
  do {
    const page = { ...filter, ...(token !== undefined && { NextToken: token }) };
    const answer = await callControlApi('ListDeliveries', page, address);
    for (const delivery of objectsIn(answer, 'Deliveries')) {
      const whole = await callControlApi('GetDelivery', keyOf(delivery), address);
      const lines = json ? [JSON.stringify(whole)] : attemptLines(whole);
      if (!json && shown > 0) console.log('');
      console.log(lines.join('\n'));
      shown += 1;
    }
    token = answer['NextToken'];
  } while (token !== undefined);
  if (shown > 0) return 0;
  const { EventId, ApiDestinationName } = filter;
  const where = ApiDestinationName === undefined ? '' : ` to '${printable(String(ApiDestinationName))}'`;
  throw new Exit(
    1,
    `The history of the region ${String(address.aws.region)} has no delivery of the event '${printable(String(EventId))}'${where}. It keeps 7 days. npm run history lists events; choose another region with --region.`,
  );
}

/** The members that tell the deliveries of one event apart. */
function keyOf(delivery: JsonObject): JsonObject {
  const names = ['EventId', 'ApiDestinationName', 'Rule', 'TargetId'];
  return Object.fromEntries(Object.entries(delivery).filter(([name]) => names.includes(name)));
}

process.exitCode = await runCommand(() => main(process.argv.slice(2)));
