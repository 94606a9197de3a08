import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ConsoleAnswer, DoorOptions } from './door.ts';
import { answerConsole, maxConsoleBodyBytes, refused } from './door.ts';

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
        return refused(500, 'InternalFailure', 'The console failed. The terminal in which it runs shows where.');
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
  if (body === undefined) {
    const answered = refused(413, 'RequestEntityTooLargeException', `A body has ${maxConsoleBodyBytes} bytes at most.`);
    return { ...answered, headers: { ...answered.headers, connection: 'close' } };
  }
  return await answerConsole(door, { method: request.method ?? 'GET', path, query: query.join('?'), headers, body });
}

/** @returns undefined when the body is too large, or when the browser has closed the connection and no answer can reach it */
function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > maxConsoleBodyBytes) resolve(undefined);
      else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', () => resolve(undefined));
  });
}

function send(response: ServerResponse, { status, headers, body }: ConsoleAnswer): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.byteLength });
  response.end(bytes);
}
