import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { maxConsoleBodyBytes } from '../../console/door/door.ts';
import type { Protocol, RequestAddress, Route } from './routes.ts';
import { claimedSigner, findRoute, protocolOf, refuse } from './routes.ts';
import { Resets } from './reset.ts';
import type { LocalConsole } from '../console/console.ts';
import type { LocalAnswer, LocalRequest } from './wire.ts';
import { refuseWebPages } from './web-pages.ts';
import { Refusal } from './wire.ts';

export interface GatewayOptions {
  readonly console: LocalConsole;
  /** The host that the stack listens on. */
  readonly listenHost: string;
  /** The current routes; a reset creates new ones. */
  readonly routes: () => readonly Route[];
  /** The answer to `GET /_lastmile/health`. */
  readonly health: Readonly<Record<string, unknown>>;
  /** Checks who asks for a reset. Throws Refusal. */
  readonly check: (request: LocalRequest) => Promise<void>;
  /** The action of `POST /_lastmile/reset`; requests that arrive during a reset wait for its end. */
  readonly reset: () => Promise<void>;
  /** Whether the caller is a function from before the last reset. */
  readonly isRetired: (accessKeyId: string) => boolean;
  /** Reports a fault of the stack itself. The client gets an InternalFailure, the terminal gets the details. */
  readonly reportFault: (where: string, error: unknown) => void;
}

/** Region of a request without a signature. */
const defaultRegion = 'us-east-1';

/** A reset needs no body. */
const maxResetBytes = 1024;

/** Longer than AWS clients keep an idle connection, so that no client uses a connection that is just being closed. */
const keepAliveTimeoutMs = 65_000;

/** The one HTTP server in front of every service of the stack. */
export function createGateway(options: GatewayOptions): Server {
  const resets = new Resets(options);
  const server = createServer((request, response) => {
    void answerRequest(options, resets, request, response).then((answer) => send(response, answer));
  });
  server.keepAliveTimeout = keepAliveTimeoutMs;
  return server;
}

async function answerRequest(
  options: GatewayOptions,
  resets: Resets,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<LocalAnswer> {
  const [path, query] = splitOnce(request.url ?? '/', '?');
  const method = request.method ?? 'GET';
  const headers = joinedHeaders(request);
  const signer = claimedSigner(headers['authorization'], query);
  const addressed = { signedService: signer?.service, target: headers['x-amz-target'], path };
  const route = findRoute(options.routes(), addressed);
  const protocol = protocolOf(route, addressed, headers['content-type'] ?? '');
  try {
    refuseWebPages({ method, query, headers }, options.listenHost);
    if (path === '/_lastmile/health') return health(options, request);
    const whole = async (maxBodyBytes: number): Promise<LocalRequest> => ({
      method,
      path,
      query,
      headers,
      body: await readBody(request, maxBodyBytes),
      region: signer?.region ?? defaultRegion,
      accessKeyId: signer?.accessKeyId,
      host: headers['host'] ?? '',
      sourceAddress: request.socket.remoteAddress ?? '127.0.0.1',
    });
    if (path === '/_lastmile/reset') {
      await options.check(await whole(maxResetBytes));
      return await resets.answer(request);
    }
    if (isForConsole(options, addressed, { method, path, headers })) {
      const asked = await whole(maxConsoleBodyBytes);
      await resets.ended;
      return await options.console.answer(asked);
    }
    if (route === undefined) throw unknownService(options.routes(), signer?.service);
    const received = await whole(route.maxBodyBytes);
    await resets.ended;
    if (signer !== undefined && options.isRetired(signer.accessKeyId)) throw retired();
    return await (findRoute(options.routes(), addressed) ?? route).serve(received);
  } catch (error) {
    closeAfterAnswer(request, response);
    return refused(options, route?.service ?? 'gateway', protocol, error);
  }
}

/** A request that names a service, by a signature, a target or a path, is for that service. */
function isForConsole(options: GatewayOptions, addressed: RequestAddress, head: Parameters<LocalConsole['serves']>[0]) {
  const { signedService, target } = addressed;
  const namesService = (signedService ?? target ?? findRoute(options.routes(), addressed)) !== undefined;
  return !namesService && options.console.serves(head);
}

function health(options: GatewayOptions, request: IncomingMessage): LocalAnswer {
  request.resume();
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(options.health) };
}

function retired(): Refusal {
  return new Refusal('ExpiredTokenException', 'The local stack was reset after this function started.', 403);
}

function refused(options: GatewayOptions, where: string, protocol: Protocol, error: unknown): LocalAnswer {
  if (error instanceof Refusal) return refuse(protocol, error);
  options.reportFault(where, error);
  return refuse(
    protocol,
    new Refusal('InternalFailure', 'The local stack failed. Its terminal output shows where.', 500),
  );
}

function unknownService(routes: readonly Route[], service: string | undefined): Refusal {
  const known = [...new Set(routes.map((route) => route.service))].join(', ');
  const asked = service === undefined ? 'The request names no service' : `There is no service '${service}' here`;
  return new Refusal('UnknownOperationException', `${asked}; this stack serves ${known}.`, 404);
}

/**
 * Failure policy: a request that is refused before its whole body has arrived is answered at once, and its connection is
 * closed. The stack does not wait for the rest of the body.
 */
function closeAfterAnswer(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  request.removeAllListeners('data').resume();
  response.setHeader('connection', 'close');
}

function readBody(request: IncomingMessage, maxBodyBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBodyBytes) return void chunks.push(chunk);
      reject(new Refusal('RequestEntityTooLargeException', `Request must be at most ${maxBodyBytes} bytes.`, 413));
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(new Refusal('RequestAborted', 'The request ended before its body was complete.')));
  });
}

function send(response: ServerResponse, answer: LocalAnswer): void {
  if (response.destroyed) return;
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const headers: Record<string, string | number> = { 'x-amzn-requestid': randomUUID(), ...answer.headers };
  response.writeHead(answer.status, { ...headers, 'content-length': body.byteLength });
  response.end(body);
}

function joinedHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
