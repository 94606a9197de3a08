import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ConsoleAnswer, DoorOptions } from './door.ts';
import { answerConsole, maxConsoleBodyBytes } from './door.ts';

export interface ConsoleServerOptions {
  readonly door: DoorOptions;
  /** Reports a fault of the console itself. The page gets no details. */
  readonly reportFault: (error: unknown) => void;
}

/** A server of its own for the console of a deployed stack. The local stack answers the console's requests at its one port. */
export function createConsoleServer({ door, reportFault }: ConsoleServerOptions): Server {
  return createServer((request, response) => {
    void answer(door, request)
      .catch((error: unknown): ConsoleAnswer => {
        reportFault(error);
        const message = 'The console failed. The terminal in which it runs shows where.';
        const headers = { 'content-type': 'application/json' };
        return { status: 500, headers, body: JSON.stringify({ __type: 'InternalFailure', message }) };
      })
      .then((result) => send(response, result));
  });
}

async function answer(door: DoorOptions, request: IncomingMessage): Promise<ConsoleAnswer> {
  const [path = '/', ...query] = (request.url ?? '/').split('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const body = await readBody(request);
  return await answerConsole(door, { method: request.method ?? 'GET', path, query: query.join('?'), headers, body });
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxConsoleBodyBytes) throw new Error(`A request body has more than ${maxConsoleBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: ConsoleAnswer): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.byteLength });
  response.end(bytes);
}
