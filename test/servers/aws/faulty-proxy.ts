import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request in an awsJson protocol. */
export interface ProxiedRequest {
  /** The part of X-Amz-Target after the dot. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The way in which a request fails. */
export type ProxyFault =
  /** The request never arrives; the connection breaks. */
  | 'lost before'
  /** The server executes the request; the connection breaks before the answer. */
  | 'lost after'
  /** The server executes the request; an answer never comes. */
  | 'silent'
  /** The request never arrives; the client gets this answer instead. */
  | { readonly status: number; readonly body: object }
  /** A batch arrives without the entries at these indices, and the answer reports them as failed. */
  | { readonly failedEntries: readonly number[] }
  /** The request arrives after this promise has resolved. */
  | Promise<void>;

/** A proxy before a server with an awsJson protocol. It records the requests, and a test can make them fail. */
export interface FaultyProxy {
  readonly endpoint: string;
  /** Every request, failed ones included, in the order in which its last byte arrived. */
  readonly requests: readonly ProxiedRequest[];
  /** The operations of the answered requests, in the order of the answers. */
  readonly answered: readonly string[];
  /** Sets the function that decides the fault of every later request. Undefined means that the request succeeds. */
  faultsBy(decide: (request: ProxiedRequest) => ProxyFault | undefined): void;
  stop(): Promise<void>;
}

export async function startFaultyProxy(upstream: string): Promise<FaultyProxy> {
  const requests: ProxiedRequest[] = [];
  const answered: string[] = [];
  let decide: (request: ProxiedRequest) => ProxyFault | undefined = () => undefined;

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await readAll(incoming);
    const proxied = { operation: operationOf(incoming), input: JSON.parse(body.toString() || '{}') };
    requests.push(proxied);
    const fault = decide(proxied);
    if (fault === 'lost before') return void incoming.socket.destroy();
    if (fault instanceof Promise) await fault;
    const answer = await answerTo(fault, proxied, (each) => forward(upstream, incoming, each), body);
    if (fault === 'silent') return;
    if (fault === 'lost after') return void incoming.socket.destroy();
    answered.push(proxied.operation);
    outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
    outgoing.end(answer.body);
  }

  const server = createServer((incoming, outgoing) => {
    void serve(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answered,
    faultsBy(next) {
      decide = next;
    },
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function operationOf(incoming: IncomingMessage): string {
  return String(incoming.headers['x-amz-target']).replace(/^.*\./, '');
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const jsonHeaders = { 'content-type': 'application/x-amz-json-1.0' };

async function answerTo(
  fault: ProxyFault | undefined,
  { input }: ProxiedRequest,
  ask: (body: Buffer) => Promise<Answer>,
  body: Buffer,
): Promise<Answer> {
  if (typeof fault !== 'object' || fault instanceof Promise) return ask(body);
  if ('status' in fault) {
    return { status: fault.status, headers: jsonHeaders, body: Buffer.from(JSON.stringify(fault.body)) };
  }
  const entries = input['Entries'] as readonly { readonly Id: string }[];
  const Entries = entries.filter((_, index) => !fault.failedEntries.includes(index));
  const Failed = entries
    .filter((entry) => !Entries.includes(entry))
    .map(({ Id }) => ({ Id, SenderFault: false, Code: 'InternalError', Message: 'no' }));
  const rest = Entries.length === 0 ? undefined : await ask(Buffer.from(JSON.stringify({ ...input, Entries })));
  const accepted: object = rest === undefined ? { Successful: [] } : JSON.parse(rest.body.toString());
  return { status: 200, headers: jsonHeaders, body: Buffer.from(JSON.stringify({ ...accepted, Failed })) };
}

function forward(upstream: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...incoming.headers, 'content-length': body.length };
    const options = { method: incoming.method ?? 'POST', headers };
    const forwarded = request(new URL(incoming.url ?? '/', upstream), options, (answer) => {
      const { statusCode: status = 500 } = answer;
      readAll(answer).then((read) => resolve({ status, headers: answer.headers, body: read }), reject);
    });
    forwarded.once('error', reject);
    forwarded.end(body);
  });
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
