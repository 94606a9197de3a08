import { EventEmitter } from 'node:events';
import { mkdirSync } from 'node:fs';
import { systemClock } from '../../adapters/system-clock.ts';
import {
  type DynaliteRequest,
  type DynaliteResponse,
  type EmbeddedDynalite,
  embedDynalite,
} from './dynalite-corrections.ts';

/** An embedded DynamoDB for one region. */
export interface Dynalite {
  /** Forwards one call; resolves for every status. */
  call(headers: Readonly<Record<string, string>>, body: Buffer, path: string): Promise<DynaliteAnswer>;
  /** Waits up to a second for running calls. */
  close(): Promise<void>;
}

export interface DynaliteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Calls normally take milliseconds. After this time, dynalite has thrown an error inside the call and will never answer. */
const answerTimeoutMs = 10_000;
const graceMs = 1000;

/**
 * Hands calls to dynalite inside this process. It must not listen on a port: it checks no signature, and it allows web pages of every
 * origin to read and write the tables.
 *
 * @param folder the folder of the tables; undefined keeps them in memory
 */
export async function openDynalite(region: string, account: string, folder: string | undefined): Promise<Dynalite> {
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const dynalite = createDynalite(region, account, folder);
  const underWay = new Set<Promise<unknown>>();
  return {
    call(headers, body, path) {
      const calling = exchange(dynalite, { method: 'POST', url: path, headers }, body);
      const ended = calling.finally(() => underWay.delete(ended));
      underWay.add(ended);
      return ended;
    },
    async close() {
      const settled = new AbortController();
      await Promise.race([Promise.allSettled(underWay), systemClock.delay(graceMs, settled.signal)]);
      settled.abort();
      await dynalite.close(graceMs);
    },
  };
}

/** dynalite reads the region and the account of its ARNs from the environment once, when it is created. */
function createDynalite(region: string, account: string, folder: string | undefined): EmbeddedDynalite {
  const before = { AWS_REGION: process.env['AWS_REGION'], AWS_ACCOUNT_ID: process.env['AWS_ACCOUNT_ID'] };
  Object.assign(process.env, { AWS_REGION: region, AWS_ACCOUNT_ID: account });
  try {
    const times = { createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 };
    return embedDynalite({ ...times, ...(folder === undefined ? {} : { path: folder }) });
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** Rejects when dynalite throws an error, or when it never answers. */
function exchange(
  dynalite: EmbeddedDynalite,
  request: Omit<DynaliteRequest, keyof EventEmitter>,
  body: Buffer,
): Promise<DynaliteAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('dynalite did not answer.')), answerTimeoutMs);
    const received = Object.assign(new EventEmitter(), request);
    const headers: Record<string, string> = {};
    const response: DynaliteResponse = {
      statusCode: 200,
      setHeader: (name, value) => void (headers[name.toLowerCase()] = String(value)),
      end(text = '') {
        clearTimeout(timer);
        resolve({ status: response.statusCode, headers: answerHeaders(headers), body: text });
      },
    };
    dynalite.handle(received, response);
    if (body.length > 0) received.emit('data', body);
    received.emit('end');
  });
}

const answeredHeaders = ['content-type', 'x-amzn-requestid', 'x-amz-crc32'];

function answerHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = answeredHeaders.map((name): [string, string | undefined] => [name, headers[name]]);
  return Object.fromEntries(kept.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
