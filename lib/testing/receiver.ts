import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the receiver got. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. @throws SyntaxError when the body is not JSON */
  json(): unknown;
}

export interface ReceiverAnswer {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent as it is, everything else as JSON. Default: an empty body. */
  readonly body?: unknown;
}

type AnswerRequest = (request: ReceivedRequest) => ReceiverAnswer | Promise<ReceiverAnswer>;

/** An HTTP endpoint on 127.0.0.1 that records its requests. */
export interface Receiver {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Every request since the start or the last reset, the earliest first. */
  readonly requests: readonly ReceivedRequest[];
  /** Answers each further request like this. Until then, every answer has the status 200. */
  answerWith(answer: ReceiverAnswer | AnswerRequest): void;
  /** Forgets the requests, and answers with the status 200 again. */
  reset(): void;
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const usual: AnswerRequest = () => ({ status: 200 });
  let answer = usual;
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, headers, body, json: (): unknown => JSON.parse(body) };
      requests.push(request);
      // A test's own function may fail. The sender then gets a 500 that says so, instead of no answer.
      Promise.resolve()
        .then(() => answer(request))
        .then((given) => send(outgoing, given))
        .catch((error: unknown) =>
          send(outgoing, { status: 500, body: `The receiver's answer failed: ${String(error)}` }),
        );
    });
  });
  const url = await listen(server);
  return {
    url,
    requests,
    answerWith(given) {
      answer = typeof given === 'function' ? given : () => given;
    },
    reset() {
      requests.length = 0;
      answer = usual;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function send(outgoing: ServerResponse, { status = 200, headers = {}, body = '' }: ReceiverAnswer): void {
  outgoing.writeHead(status, { ...headers });
  outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
