import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { AwsClientConfig } from '../adapters/aws-clients.ts';
import { createLambdaClient } from '../adapters/aws-clients.ts';
import type { JsonObject } from '../core/json.ts';
import { isJsonObject } from '../core/json.ts';

const usage = `Sends one event to an API destination through the function deliver, and prints what came of it.

  npm run send -- <API destination> [event.json] [options]

  --stage <stage>         stage of the stack (default: local)
  --endpoint-url <url>    where AWS is (default for stage local: AWS_ENDPOINT_URL or http://127.0.0.1:4010)
  --region <region>       region (default: AWS_REGION, AWS_DEFAULT_REGION or us-east-1)
  --help                  this text

Without a file, a small test event is sent. A file may hold an event, or an envelope whose target settings are kept.
Exit status: 0 delivered, 1 not delivered, 2 wrong usage.`;

/** Ends the command with a line and a status. */
class Exit extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Options {
  readonly apiDestination: string;
  readonly file: string | undefined;
  readonly stage: string;
  readonly aws: AwsClientConfig;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parse(args);
  if (values.help === true) throw new Exit(0, usage);
  const [apiDestination, file, ...rest] = positionals;
  if (apiDestination === undefined) throw new Exit(2, `Name the API destination.\n\n${usage}`);
  if (rest.length > 0) throw new Exit(2, `Too many arguments: ${rest.join(' ')}`);
  const stage = values.stage ?? 'local';
  const local = stage === 'local' ? (process.env['AWS_ENDPOINT_URL'] ?? 'http://127.0.0.1:4010') : undefined;
  const endpoint = values['endpoint-url'] ?? local;
  const region = values.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const aws = { region, ...(endpoint !== undefined && { endpoint }), ...(stage === 'local' && { credentials }) };
  return { apiDestination, file, stage, aws };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const options = { stage: text, 'endpoint-url': text, region: text, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Exit(2, `${messageOf(error)}\n\n${usage}`);
  }
}

async function readEvent(file: string | undefined): Promise<JsonObject> {
  if (file === undefined) return testEvent(new Date());
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Exit(2, `Cannot read ${file}: ${messageOf(error)}`);
  });
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below, the same for every kind of text that is no event.
  }
  throw new Exit(2, `${file} does not hold a JSON object.`);
}

function testEvent(now: Date): JsonObject {
  return {
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'Test Event',
    source: 'lastmile.send',
    account: '123456789012',
    time: `${now.toISOString().slice(0, 19)}Z`,
    region: 'us-east-1',
    resources: [],
    detail: { message: 'sent by npm run send' },
  };
}

/** The destination of the command line takes the place of the one that an envelope names. */
function envelopeOf(event: JsonObject, apiDestination: string): JsonObject {
  const isEnvelope = 'apiDestination' in event && 'event' in event;
  return isEnvelope ? { ...event, apiDestination } : { apiDestination, event };
}

interface Answer {
  readonly delivered: boolean;
  readonly line: string;
}

async function invokeDeliver(envelope: JsonObject, { stage, aws }: Options): Promise<Answer> {
  const lambda = createLambdaClient(aws);
  const where = aws.endpoint ?? 'AWS';
  const command = new InvokeCommand({ FunctionName: `lastmile-${stage}-deliver`, Payload: JSON.stringify(envelope) });
  const answer = await lambda.send(command).catch((error: unknown) => {
    throw new Exit(1, `Cannot invoke deliver at ${where}: ${messageOf(error)}`);
  });
  const members = parseAnswer(answer.Payload?.transformToString() ?? '');
  if (answer.FunctionError !== undefined) {
    return { delivered: false, line: `not delivered  ${String(members['errorMessage'] ?? answer.FunctionError)}` };
  }
  if (typeof members['outcome'] !== 'string') throw new Exit(1, `What answers at ${where} is not deliver.`);
  return { delivered: members['outcome'] === 'delivered', line: lineOf(members) };
}

/** @returns no members when it is no JSON object: anything may answer at an address */
function parseAnswer(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

function lineOf(answer: JsonObject): string {
  const status = answer['status'] === undefined ? '' : `HTTP ${String(answer['status'])}`;
  const attempts = answer['attempts'] === 1 ? '1 attempt' : `${String(answer['attempts'])} attempts`;
  const failure = answer['code'] === undefined ? '' : `${String(answer['code'])}: ${String(answer['reason'])}`;
  const apiDestination = answer['apiDestination'] ?? '(no API destination)';
  const parts = [answer['outcome'], apiDestination, status, attempts, `${String(answer['durationMs'])} ms`];
  return [...parts.map(String), failure].filter((part) => part !== '').join('  ');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

async function main(args: string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    const event = await readEvent(options.file);
    const answer = await invokeDeliver(envelopeOf(event, options.apiDestination), options);
    console.log(answer.line);
    return answer.delivered ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    (error.status === 0 ? console.log : console.error)(error.message);
    return error.status;
  }
}

process.exitCode = await main(process.argv.slice(2));
