import { readFile } from 'node:fs/promises';
import { answerLine } from '../core/delivery/answer-text.ts';
import { parseJsonExactly } from '../core/input/exact-json.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { ExactNumber, isJsonObject } from '../core/input/json.ts';
import { counted, jsonLine } from '../local/terminal-text.ts';
import { commandLine, Exit, messageOf, parseCommandLine, runCommand, wrongUsage } from './command.ts';
import { callFunction, objectsIn, whereNamesAre } from './function-call.ts';
import type { Sender } from './sender-inputs.ts';
import { envelopeOf, inputOf, ownEvent, senders } from './sender-inputs.ts';
import type { StackAddress } from './stack-address.ts';
import { stackAddress, stackFlags, stackUsage } from './stack-address.ts';

const command = 'send';

const usage = `Sends one event to an API destination and prints the outcome. It invokes the function deliver.

  ${commandLine('send', '<API destination> [event.json] [options]')}

  --as <sender>           invokes deliver as this sender does, and prints the outcome of each event. It passes
                            subscriber  an array of envelopes with metadata, as a subscriber of a Custom Event Bus
                            pipe        an array of messages of a queue, as EventBridge Pipes
                            schedule    an envelope, as EventBridge Scheduler; without a file, with the event of a schedule
  --json                  prints the answer of deliver as one JSON object
  ${stackUsage}

Without a file it sends a small test event. The file holds an event, or an envelope with the settings of a target. With --as subscriber
or --as pipe, it may also hold an array of events and envelopes.
Exit status: 0 delivered, 1 not delivered, 2 wrong usage.`;

const flags = { ...stackFlags, as: { type: 'string' }, json: { type: 'boolean' } } as const;

interface Options {
  readonly apiDestination: string;
  readonly file: string | undefined;
  readonly json: boolean;
  readonly sender: Sender | undefined;
  readonly address: StackAddress;
}

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseCommandLine(command, args, flags, { allowPositionals: true });
  if (values.help === true) throw new Exit(0, usage);
  const [apiDestination, file, ...rest] = positionals;
  if (apiDestination === undefined) throw new Exit(2, `Name the API destination.\n\n${usage}`);
  if (rest.length > 0)
    throw wrongUsage(command, `Too many arguments: ${rest.join(' ')}. Give one API destination and at most one file.`);
  const sender = senders.find((name) => name === values.as);
  if (values.as !== undefined && sender === undefined)
    throw wrongUsage(command, `--as must be one of ${senders.join(', ')}; it is '${values.as}'.`);
  return { apiDestination, file, sender, json: values.json ?? false, address: stackAddress(values) };
}

async function readEvent(file: string | undefined, sender: Sender | undefined): Promise<JsonValue> {
  if (file === undefined) return (sender && ownEvent(sender)) ?? testEvent(new Date());
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Exit(2, `Cannot read ${file}: ${messageOf(error)}`);
  });
  const value = parseJsonExactly(text);
  const mayBeArray = sender === 'subscriber' || sender === 'pipe';
  if (isJsonObject(value) || (mayBeArray && Array.isArray(value))) return value;
  throw new Exit(
    2,
    `${file} must hold one JSON object${mayBeArray ? ' or an array of them' : ''}: an event or an envelope.`,
  );
}

/** Says which number of the event the endpoint gets in other digits, because Lambda's runtime parses the event. */
function warnOfDigits(event: JsonValue): void {
  const number = firstExactNumber(event);
  if (number === undefined) return;
  const printed = JSON.stringify(Number(number));
  console.error(
    `Note: deliver gets ${number} as ${printed}, because Lambda's runtime parses the event. Events from the delivery queue keep their digits.`,
  );
}

function firstExactNumber(value: JsonValue): string | undefined {
  const waiting: JsonValue[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next instanceof ExactNumber) return next.text;
    if (typeof next === 'object' && next !== null) for (const each of Object.values(next)) waiting.push(each);
  }
  return undefined;
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
    detail: { message: 'sent by lastmile send' },
  };
}

interface Answer {
  readonly delivered: boolean;
  readonly line: string;
  /** Whether there is no API destination of that name. */
  readonly isUnknown?: boolean;
}

interface Answers {
  /** The whole answer of deliver. */
  readonly members: JsonObject;
  /** One for each event. */
  readonly answers: readonly Answer[];
}

async function deliver(input: JsonValue, address: StackAddress): Promise<Answers> {
  const { members, error } = await callFunction('deliver', input, address, 'outcome', 'deliveries');
  if (error !== undefined) return { members, answers: [{ delivered: false, line: `not delivered  ${error.message}` }] };
  const conclusions = members['outcome'] === undefined ? objectsIn(members, 'deliveries') : [members];
  const answers = conclusions.map((conclusion) => ({
    delivered: conclusion['outcome'] === 'delivered',
    line: lineOf(conclusion),
    isUnknown: conclusion['code'] === 'ApiDestinationNotFound',
  }));
  return { members, answers };
}

function lineOf(answer: JsonObject): string {
  const status = answer['status'] === undefined ? '' : `HTTP ${String(answer['status'])}`;
  const attempts = counted(Number(answer['attempts']), 'attempt');
  const failure = answer['code'] === undefined ? '' : `${String(answer['code'])}: ${String(answer['reason'])}`;
  const said = answer['answer'] === undefined ? '' : `answer: ${answerLine(String(answer['answer']))}`;
  const untilMs = Number(answer['nextAttemptAtMs']);
  const why = answer['waitsFor'] === undefined ? '' : ` (${String(answer['waitsFor'])})`;
  const waits = Number.isNaN(untilMs) ? '' : `waits until ${new Date(untilMs).toISOString()}${why}`;
  const apiDestination = answer['apiDestination'] ?? '(no API destination)';
  const parts = [answer['outcome'], apiDestination, status, attempts, `${String(answer['durationMs'])} ms`, waits];
  return [...parts.map(String), failure, said].filter((part) => part !== '').join('  ');
}

async function main(args: string[]): Promise<number> {
  const { apiDestination, file, sender, json, address } = parseOptions(args);
  const event = await readEvent(file, sender);
  // A pipe passes the text of each message on, so every number keeps its digits.
  if (sender !== 'pipe') warnOfDigits(event);
  const input = sender === undefined ? envelopeOf(event, apiDestination) : inputOf(sender, event, apiDestination);
  const { members, answers } = await deliver(input, address);
  console.log(json ? jsonLine(members) : answers.map(({ line }) => line).join('\n'));
  if (answers.some(({ isUnknown }) => isUnknown))
    (json ? console.error : console.log)(await whereNamesAre('ApiDestinations', apiDestination, address));
  return answers.every(({ delivered }) => delivered) ? 0 : 1;
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
