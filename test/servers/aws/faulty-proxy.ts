import type { IncomingMessage } from 'node:http';
import { type Answer, startProxy } from '../endpoints/forwarding-server.ts';

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

  const proxy = await startProxy(upstream, async (incoming, body, forward) => {
    const proxied = { operation: operationOf(incoming), input: JSON.parse(body.toString() || '{}') };
    requests.push(proxied);
    const fault = decide(proxied);
    if (fault === 'lost before') return 'broken';
    if (fault instanceof Promise) await fault;
    const answer = await answerTo(fault, proxied, forward, body);
    if (fault === 'silent') return 'silent';
    if (fault === 'lost after') return 'broken';
    answered.push(proxied.operation);
    return answer;
  });
  return {
    ...proxy,
    requests,
    answered,
    faultsBy(next) {
      decide = next;
    },
  };
}

function operationOf(incoming: IncomingMessage): string {
  return String(incoming.headers['x-amz-target']).replace(/^.*\./, '');
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
