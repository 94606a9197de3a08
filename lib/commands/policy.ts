import { parseArgs } from 'node:util';
import type { JsonObject } from '../core/input/json.ts';
import { isJsonObject } from '../core/input/json.ts';
import { lastmileModel } from '../protocol/model/service-models.ts';
import type { StackAddress } from './function-call.ts';
import { callControlApi, Exit, messageOf, runCommand, stackAddress, stackFlags, stackUsage } from './function-call.ts';

const operations = Object.keys(lastmileModel.operations);

const usage = `Sets and shows the policies of API destinations and connections. It invokes the function control-api directly.

  npm run policy -- <operation> '<input as JSON>'
  npm run policy -- PutDeliveryPolicy '{"ApiDestinationName": "orders", "TimeoutSeconds": 20}'

  operations: ${operations.slice(0, 3).join(', ')},
              ${operations.slice(3).join(', ')}
  ${stackUsage}

Prints the answer as JSON. Exit status: 0 done, 1 refused or not reached, 2 wrong usage.`;

interface Options {
  readonly operation: string;
  readonly input: JsonObject;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parse(args);
  if (values.help === true) throw new Exit(0, usage);
  const [operation = '', json, ...rest] = positionals;
  if (!operations.includes(operation)) throw wrong('Name one of the operations.');
  if (json === undefined || rest.length > 0) throw wrong('Give the input as one JSON object.');
  return { operation, input: parseInput(json), address: stackAddress(values) };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: stackFlags, allowPositionals: true });
  } catch (error) {
    throw wrong(messageOf(error));
  }
}

/** The error leaves out the parser's message, because that message quotes the input. */
function parseInput(json: string): JsonObject {
  try {
    const input: unknown = JSON.parse(json);
    if (isJsonObject(input)) return input;
  } catch {
    // The error below covers this case too.
  }
  throw wrong('The input is not a JSON object. Put it in single quotes, so that the shell leaves it alone.');
}

function wrong(what: string): Exit {
  return new Exit(2, `${what}\n\n${usage}`);
}

async function main(args: string[]): Promise<number> {
  const { operation, input, address } = parseOptions(args);
  console.log(JSON.stringify(await callControlApi(operation, input, address), undefined, 2));
  return 0;
}

process.exitCode = await runCommand(() => main(process.argv.slice(2)));
