import { createHash, randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import jsonata from 'jsonata';
import type { ProcessAnswer, ProcessWork } from './messages.ts';

/*
 * The process that evaluates JSONata. A function imports this file only for its address: the file runs a second time, in a process
 * of its own. Performance: it imports no code of ours, or in a bundle the process would load the whole function.
 */

/** The process knows by this argument that it is to evaluate JSONata. */
export const processName = 'lastmile-jsonata';

/** The file that the process runs: this one, also in a bundle. */
export const processUrl = new URL(import.meta.url);

/** The limits that an evaluation of EventBridge has. Source: EventBridge user guide, transforming events with JSONata. */
const limits = { stack: 100, timeout: 1000, sequence: 10_000_000 } as const;
/** A result may be nested as deeply as an expression. */
const maxDepth = 100;
/** Eight times the largest event, as for an input transformer. */
const maxResultCharacters = 8 * 1024 * 1024;

/** Compiled expressions. When there are this many, all are compiled again. */
const compiled = new Map<string, jsonata.Expression>();
const maxCompiled = 100;

function compile(text: string): jsonata.Expression {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const expression = jsonata(text, limits);
  for (const [name, [implementation, signature]] of Object.entries(functions)) {
    expression.registerFunction(name, implementation, signature);
  }
  if (compiled.size >= maxCompiled) compiled.clear();
  compiled.set(text, expression);
  return expression;
}

/** A reason of our own. The messages of JSONata may quote the event. */
class Refusal extends Error {}

const hashes = new Map(
  ['MD5', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'].map((name) => [name, name.toLowerCase().replace('-', '')]),
);

/** JSONata checks the arguments by the signature of a function. */
type Implementation = Parameters<jsonata.Expression['registerFunction']>[1];

/** The functions of EventBridge beside those of JSONata. `$eval` is not available. */
const functions: Readonly<Record<string, readonly [implementation: Implementation, signature: string]>> = {
  eval: [
    () => {
      throw new Refusal('uses $eval, which is not available');
    },
    '<x?x?:x>',
  ],
  hash: [
    (text: string, algorithm: string) => {
      const name = hashes.get(algorithm);
      if (name === undefined)
        throw new Refusal(`calls $hash with an algorithm other than ${[...hashes.keys()].join(', ')}`);
      return createHash(name).update(text).digest('hex');
    },
    '<ss:s>',
  ],
  uuid: [() => randomUUID(), '<:s>'],
  parse: [
    (text: string) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw new Refusal('calls $parse with a text that is not JSON');
      }
    },
    '<s:x>',
  ],
  partition: [
    (list: readonly unknown[], size: number) => {
      if (!(size >= 1)) throw new Refusal('calls $partition with a size below 1');
      const step = Math.floor(size);
      return Array.from({ length: Math.ceil(list.length / step) }, (_, index) =>
        list.slice(index * step, (index + 1) * step),
      );
    },
    '<an:a>',
  ],
  range: [
    (start: number, end: number, delta: number) => {
      const count = Math.floor((end - start) / delta) + 1;
      if (!Number.isFinite(count) || count > limits.sequence)
        throw new Refusal('calls $range for more than 10,000,000 numbers');
      return Array.from({ length: Math.max(0, count) }, (_, index) => start + index * delta);
    },
    '<nnn:a>',
  ],
  random: [(seed?: number) => (seed === undefined ? Math.random() : seeded(seed)), '<n?:n>'],
};

/** A number in [0, 1) that depends on the seed only. */
function seeded(seed: number): number {
  return createHash('sha256').update(String(seed)).digest().readUInt32BE() / 2 ** 32;
}

async function evaluate({ expression, eventText, metadata }: ProcessWork): Promise<ProcessAnswer> {
  try {
    const event: unknown = JSON.parse(eventText);
    const events = { Data: event, Metadata: {}, SystemMetadata: metadata };
    const result: unknown = await compile(expression).evaluate(event, { events });
    return printed(result);
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) };
  }
}

/** As in EventBridge, a string is text without its quotes, and null or nothing is a failure. */
function printed(result: unknown): ProcessAnswer {
  if (result === undefined || result === null || isFunction(result)) {
    return { kind: 'failed', reason: 'gives nothing, null or a function' };
  }
  requireJson(result, 0);
  const isText = typeof result === 'string';
  const text = isText ? result : JSON.stringify(result);
  if (text.length > maxResultCharacters) return { kind: 'failed', reason: 'gives a result of more than 8 MiB' };
  return { kind: 'done', text, isText };
}

/** JSONata's own functions are objects. */
function isFunction(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return typeof result === 'function';
  return '_jsonata_function' in result || '_jsonata_lambda' in result;
}

/** A function in a result is a mistake of the expression. As JSON it would be an object with the names of JSONata's own members. */
function requireJson(value: unknown, depth: number): void {
  if (isFunction(value)) throw new Refusal('gives a result with a function in it');
  if (depth > maxDepth) throw new Refusal(`gives a result that is nested more than ${maxDepth} levels deep`);
  for (const each of membersOf(value)) requireJson(each, depth + 1);
}

/** The lists of JSONata have functions of their own, which are no part of the JSON. */
function membersOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/** Names the place and JSONata's code, never a value, because a value may come from the event. */
function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const { code, position } = error as { readonly code?: unknown; readonly position?: unknown };
  if (code === 'D1011') return `is nested more than ${limits.stack} levels deep, or calls itself more often than that`;
  if (code === 'D1012') return 'runs for more than 1 s';
  if (code === 'D2014' || code === 'D2015') return 'makes a list of more than 10,000,000 elements';
  const at = typeof position === 'number' ? ` at character ${position}` : '';
  if (typeof code === 'string' && /^S\d{4}$/.test(code)) return `is not valid JSONata${at} (${code})`;
  return typeof code === 'string' && /^[A-Z]\d{4}$/.test(code)
    ? `fails${at} with the error ${code} of JSONata`
    : `fails${at}`;
}

/**
 * Ends this process when the process that has started it is gone. It runs in a thread, because the main thread sees nothing while one
 * function or regular expression runs, and nobody is left then who would kill this process.
 */
const watch = `
  const { workerData: starter } = require('node:worker_threads');
  setInterval(() => {
    if (process.ppid !== starter) process.kill(process.pid, 'SIGKILL');
  }, 500);
`;

/**
 * Answers in a later turn of the event loop. The members of an object are evaluated side by side, so when one has failed, the others
 * may still run. They use the time and the memory of their own expression, or the next one would be refused for them.
 */
function serve(send: (message: ProcessAnswer | 'ready') => void): void {
  process.on('message', (work: ProcessWork) => {
    void evaluate(work).then((answer) => setImmediate(() => send(answer)));
  });
  // The terminal sends Ctrl-C to this process too. It ends with the process that has started it.
  process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined);
  new Worker(watch, { eval: true, workerData: process.ppid }).unref();
  send('ready');
}

if (process.argv[2] === processName && process.send !== undefined) serve(process.send.bind(process));
