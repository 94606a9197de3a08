import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { DestinationName, Random } from './plan.ts';
import { between, oneOf } from './plan.ts';

/** A request that was answered with success. */
export interface Delivered {
  readonly body: string;
  /** The time of the answer, in ms of this process's clock. */
  readonly atMs: number;
  /** Whether the sender was still connected when the answer was sent. */
  readonly heard: boolean;
}

export interface EndpointObserver {
  /** Called before the body is read. */
  request(path: string): void;
  isAuthorized(headers: IncomingMessage['headers']): Promise<boolean>;
  unauthorized(): void;
  delivered(delivered: Delivered): void;
  /** Random numbers that decide the answer to this request. */
  randomFor(body: string): Random;
}

export interface SoakEndpoint {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

/** The longest time until an answer. It is long enough that a kill interrupts requests in progress. */
const longestAnswerMs = 150;

/** The longest time until the slow endpoint answers. It is below the default timeout of a request, which is 5 s. */
const slowAnswerMs = 4000;

/** Share of the requests to the failing endpoint that fail. */
const failing = 0.3;

/** Undefined means that the connection ends without an answer. */
type FailingAnswer = readonly [status: number, retryAfter?: string] | undefined;
const failures: readonly [FailingAnswer, ...FailingAnswer[]] = [
  [503, '0'],
  [503, '0'],
  [503, '0'],
  [503, '1'],
  [503],
  [500],
  [500],
  [429, '0'],
  [429, '0'],
  [429, '0'],
  [429, '2'],
  undefined,
];

export async function startSoakEndpoint(kind: DestinationName, observer: EndpointObserver): Promise<SoakEndpoint> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    observer.request(request.url ?? '/');
    if (kind === 'hung') return;
    const body = await readBody(request);
    if (!(await observer.isAuthorized(request.headers))) {
      observer.unauthorized();
      response.writeHead(401).end();
      return;
    }
    const random = observer.randomFor(body);
    await delay(kind === 'slow' ? slowAnswerMs : between(random, 0, longestAnswerMs));
    if (kind === 'failing' && random() < failing) return fail(request, response, oneOf(random, failures));
    const heard = !request.socket.destroyed;
    observer.delivered({ body, atMs: performance.now(), heard });
    response.end();
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    // Writing the answer fails if the stack was killed during its request.
    answer(request, response).catch(() => request.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function fail(request: IncomingMessage, response: ServerResponse, failure: FailingAnswer): void {
  if (failure === undefined) return void request.socket.destroy();
  const [status, retryAfter] = failure;
  response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end('not now');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
