import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the service does with one request. */
export type ServiceReaction =
  | ServiceReply
  /** The connection is reset before an answer. */
  | 'reset'
  /** The connection is closed before an answer. */
  | 'closed'
  /** The connection is reset in the middle of the body. */
  | 'reset in the answer'
  /** The connection is closed in the middle of the body. */
  | 'closed in the answer'
  /** No answer comes. */
  | 'silent'
  /** The answer is not HTTP. */
  | 'not HTTP';

export interface ServiceReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: an empty body. */
  readonly body?: string;
}

export interface ScriptedService {
  readonly endpoint: string;
  /** The headers of all requests since the last script. */
  readonly requests: readonly IncomingMessage['headers'][];
  /** The ports from which the requests came. */
  readonly clientPorts: readonly (number | undefined)[];
  /** Sets the reactions to the next requests. The last one is repeated. */
  follow(...script: readonly ServiceReaction[]): void;
  stop(): Promise<void>;
}

/** A service that answers as it is told, so that every fault of a real one can be shown. */
export async function startScriptedService(): Promise<ScriptedService> {
  let script: ServiceReaction[] = [];
  const requests: IncomingMessage['headers'][] = [];
  const clientPorts: (number | undefined)[] = [];

  const server = createServer((incoming, outgoing) => {
    incoming.on('end', () => {
      requests.push(incoming.headers);
      clientPorts.push(incoming.socket.remotePort);
      const [reaction = 'reset', ...rest] = script;
      if (rest.length > 0) script = rest;
      react(reaction, incoming, outgoing);
    });
    incoming.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    clientPorts,
    follow(...next) {
      script = [...next];
      requests.length = 0;
      clientPorts.length = 0;
    },
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function react(reaction: ServiceReaction, { socket }: IncomingMessage, outgoing: ServerResponse): void {
  switch (reaction) {
    case 'silent':
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'closed':
      socket.end();
      return;
    case 'not HTTP':
      socket.end('this is not HTTP\r\n\r\n');
      return;
    case 'reset in the answer':
    case 'closed in the answer':
      outgoing.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': 1000 });
      outgoing.write('{"Item":', () => (reaction === 'closed in the answer' ? socket.end() : socket.resetAndDestroy()));
      return;
    default: {
      const { status, headers = {}, body = '' } = reaction;
      const length = Buffer.byteLength(body);
      outgoing.writeHead(status, { 'content-length': length, 'x-amzn-requestid': 'request-1', ...headers });
      outgoing.end(body);
    }
  }
}
