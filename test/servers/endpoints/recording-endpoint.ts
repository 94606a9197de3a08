import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type TlsOptions, TLSSocket } from 'node:tls';

export interface RecordedRequest {
  readonly method: string;
  /** Path and query of the request line. */
  readonly path: string;
  /** Header names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Header names and values alternately, as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** The number of the connection, counted from 1. */
  readonly connection: number;
  /** Common name of the client's certificate. */
  readonly clientName?: string;
  /** The server name that the client requested (SNI). */
  readonly serverName?: string;
}

export interface EndpointAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

/** Returns the answer to a request; `index` counts the requests from 0. Undefined: 200 without a body. */
export type AnswerRequest = (
  request: RecordedRequest,
  index: number,
) => EndpointAnswer | undefined | Promise<EndpointAnswer | undefined>;

export interface RecordingEndpoint {
  /** Such as `http://127.0.0.1:<port>`, or `https:`. */
  readonly origin: string;
  /** In the order in which their last bytes arrived. */
  readonly requests: readonly RecordedRequest[];
  /** The number of connections accepted so far. */
  connectionCount(): number;
  /** Closes every connection at once, without an answer. */
  dropConnections(): void;
  close(): Promise<void>;
}

/** An HTTP endpoint on a free port of the loopback address that records the requests. */
export async function startRecordingEndpoint(
  answer: AnswerRequest = () => undefined,
  tls?: TlsOptions,
): Promise<RecordingEndpoint> {
  const requests: RecordedRequest[] = [];
  const sockets = new Set<Socket>();
  const numbers = new WeakMap<Socket, number>();
  let connectionCount = 0;

  const serve = (request: IncomingMessage, response: ServerResponse) => {
    void readBody(request).then(async (body) => {
      const recorded = recordedRequest(request, body, numbers.get(request.socket) ?? 0);
      requests.push(recorded);
      writeAnswer(response, (await answer(recorded, requests.length - 1)) ?? {});
    });
  };
  const options = { keepAliveTimeout: 60_000 };
  const server = tls === undefined ? createServer(options, serve) : createTlsServer({ ...options, ...tls }, serve);
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    connectionCount += 1;
    numbers.set(socket, connectionCount);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connectionCount: () => connectionCount,
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function recordedRequest(request: IncomingMessage, body: string, connection: number): RecordedRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = typeof value === 'string' ? value : value?.join(', ');
  }
  const { method = '', url = '', rawHeaders } = request;
  const recorded = { method, path: url, headers, rawHeaders, body, connection };
  return request.socket instanceof TLSSocket ? { ...recorded, ...peerOf(request.socket) } : recorded;
}

function peerOf(socket: TLSSocket): Pick<RecordedRequest, 'clientName' | 'serverName'> {
  const { subject } = socket.getPeerCertificate();
  const { servername } = socket;
  return {
    ...(subject !== undefined && { clientName: String(subject.CN) }),
    ...(typeof servername === 'string' && { serverName: servername }),
  };
}

function writeAnswer(response: ServerResponse, answer: EndpointAnswer): void {
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  response.statusCode = answer.status ?? 200;
  response.end(answer.body);
}
