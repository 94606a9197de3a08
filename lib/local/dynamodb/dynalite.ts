import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../adapters/system-clock.ts';
import { loadDynalite } from './dynalite-corrections.ts';

/** An embedded DynamoDB for one region. */
export interface Dynalite {
  /** Forwards one call; resolves for every status. */
  call(headers: Readonly<Record<string, string>>, body: Buffer, path: string): Promise<DynaliteAnswer>;
  /** Waits up to a second for running calls, because dynalite fails when a client disconnects. */
  close(): Promise<void>;
}

export interface DynaliteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Calls normally take milliseconds. After this time, dynalite has thrown an error inside the call and will never answer. */
const answerTimeoutMs = 10_000;
const graceMs = 1000;

/** @param folder the folder of the tables; undefined keeps them in memory */
export async function openDynalite(region: string, account: string, folder: string | undefined): Promise<Dynalite> {
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const server = createServer(region, account, folder);
  // Idle connections have no time limit, because only this process connects. With a limit, both ends would close idle
  // connections after the process was frozen, perhaps while a call begins.
  server.keepAliveTimeout = 0;
  const socketFolder = privateFolder();
  const socketPath = join(socketFolder, 'dynamodb');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  const agent = new Agent({ keepAlive: true });
  const underWay = new Set<Promise<unknown>>();
  return {
    call(headers, body, path) {
      const calling = exchange({ agent, socketPath, path, headers }, body);
      const ended = calling.finally(() => underWay.delete(ended));
      underWay.add(ended);
      return ended;
    },
    async close() {
      const settled = new AbortController();
      await Promise.race([Promise.allSettled(underWay), systemClock.delay(graceMs, settled.signal)]);
      settled.abort();
      agent.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      rmSync(socketFolder, { recursive: true, force: true });
    },
  };
}

/** The longest path of a socket. Source: unix(7). */
const maxSocketPath = 107;

/**
 * A folder that only this user can open. dynalite must not listen on a port: it checks no signature, and it allows web pages of every
 * origin to read and write the tables.
 */
function privateFolder(): string {
  const isShort = tmpdir().length + '/lastmile-123456/dynamodb'.length <= maxSocketPath;
  return mkdtempSync(join(isShort ? tmpdir() : '/tmp', 'lastmile-'));
}

/** dynalite reads the region and the account of its ARNs from the environment once, when it is created. */
function createServer(region: string, account: string, folder: string | undefined): Server {
  const dynalite = loadDynalite();
  const before = { AWS_REGION: process.env['AWS_REGION'], AWS_ACCOUNT_ID: process.env['AWS_ACCOUNT_ID'] };
  Object.assign(process.env, { AWS_REGION: region, AWS_ACCOUNT_ID: account });
  try {
    const times = { createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 };
    return dynalite({ ...times, ...(folder === undefined ? {} : { path: folder }) });
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

interface Exchange {
  readonly agent: Agent;
  readonly socketPath: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

function exchange({ agent, socketPath, path, headers }: Exchange, body: Buffer): Promise<DynaliteAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method: 'POST', headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => void chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = { status: response.statusCode ?? 500, headers: answerHeaders(response.headers) };
        resolve({ ...answer, body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    outgoing.setTimeout(answerTimeoutMs, () => outgoing.destroy(new Error('dynalite did not answer.')));
    outgoing.end(body);
  });
}

const answeredHeaders = ['content-type', 'x-amzn-requestid', 'x-amz-crc32'];

function answerHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept = answeredHeaders.map((name): [string, unknown] => [name, headers[name]]);
  return Object.fromEntries(kept.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
