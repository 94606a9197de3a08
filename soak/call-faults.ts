/**
 * Loaded into a stack before anything else, with `SOAK_CALL_FAULTS=yes`. Some of the calls that workers sign themselves then fail
 * as calls to AWS fail. All other requests to the stack are left alone.
 */
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';

interface CallFault {
  readonly kind: string;
  /** The part of the calls that fail in this way. */
  readonly part: number;
  readonly act: (request: IncomingMessage, response: ServerResponse) => 'done' | 'goes on';
}

/** The clock of the service is right, an hour ahead, right, an hour behind, and so on. */
const skewMs = [0, 3_600_000, 0, -3_600_000];
const skewLastsMs = 20_000;
/** Source: AWS, Signature Version 4: a signature is valid for 5 minutes. */
const validMs = 300_000;

const faults: readonly CallFault[] = [
  refusal('a throttled call', 0.02, 400, 'ThrottlingException'),
  refusal('a full table', 0.01, 400, 'ProvisionedThroughputExceededException'),
  refusal('an expired token', 0.005, 400, 'ExpiredTokenException'),
  refusal('a 500', 0.01, 500, 'InternalServerError'),
  {
    kind: 'a 503 with HTML',
    part: 0.01,
    act(request, response) {
      request.resume();
      response.writeHead(503, { 'content-type': 'text/html' }).end('<html>Service Unavailable</html>');
      return 'done';
    },
  },
  {
    kind: 'a reset before the call',
    part: 0.02,
    act({ socket }) {
      socket.resetAndDestroy();
      return 'done';
    },
  },
  {
    kind: 'a lost answer',
    part: 0.02,
    act({ socket }, response) {
      response.end = () => {
        socket.resetAndDestroy();
        return response;
      };
      return 'goes on';
    },
  },
  { kind: 'no answer', part: 0.002, act: () => 'done' },
];

function refusal(kind: string, part: number, status: number, name: string): CallFault {
  return {
    kind,
    part,
    act(request, response) {
      refuse(request, response, { status, name });
      return 'done';
    },
  };
}

interface Refused {
  readonly status: number;
  readonly name: string;
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, name }: Refused): void {
  request.resume();
  const body = JSON.stringify({
    __type: `com.amazon.coral.service#${name}`,
    message: 'The soak makes this call fail.',
  });
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
}

let failed = 0;

/** The number of calls that this process has let fail. */
export function failedCalls(): number {
  return failed;
}

function react(request: IncomingMessage, response: ServerResponse): 'done' | 'goes on' {
  const nowMs = Date.now();
  const serviceMs = nowMs + (skewMs[Math.floor(nowMs / skewLastsMs) % skewMs.length] ?? 0);
  response.setHeader('date', new Date(serviceMs).toUTCString());
  if (Math.abs(signedAtMs(request) - serviceMs) > validMs) {
    failed += 1;
    refuse(request, response, { status: 403, name: 'InvalidSignatureException' });
    return 'done';
  }
  let chance = Math.random();
  for (const { part, act } of faults) {
    chance -= part;
    if (chance >= 0) continue;
    failed += 1;
    return act(request, response);
  }
  return 'goes on';
}

/** `20260131T080000Z` */
function signedAtMs({ headers }: IncomingMessage): number {
  const text = String(headers['x-amz-date']);
  return Date.parse(text.replace(/^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})/, '$1-$2-$3T$4:$5:'));
}

/** Calls through an AWS client have another User-Agent. */
function isSignedByWorker({ headers }: IncomingMessage): boolean {
  return headers['x-amz-target'] !== undefined && headers['user-agent']?.startsWith('lastmile/') === true;
}

if (process.env['SOAK_CALL_FAULTS'] === 'yes') {
  const emit = Server.prototype.emit;
  Server.prototype.emit = function (this: Server, event: string | symbol, ...given: unknown[]): boolean {
    const [request, response] = given as [IncomingMessage, ServerResponse];
    if (event === 'request' && isSignedByWorker(request) && react(request, response) === 'done') return true;
    return Reflect.apply(emit, this, [event, ...given]) as boolean;
  };
}
