import type { HttpRequest } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { HttpExchange, HttpResult } from '../../ports/delivery.ts';
import { bodyText, maxBodyBytes } from './bounded-body.ts';
import type { ConnectionPool, Waiting } from './connection-pool.ts';
import { ConnectionEnded, errorCodeOf, fromNetworkError } from './failures.ts';
import type { ConnectionUser, HttpConnection } from './http-connection.ts';
import type { ConnectionPools } from './pools.ts';
import { type RequestText, requestText } from './request-text.ts';

/**
 * One request and its answer.
 *
 * Failure policy, the body: a 2xx whose body nobody reads counts as soon as its head is whole, because the endpoint has then
 * said that it has the event. A body that breaks off, is malformed, or does not end within the timeout changes nothing. It
 * only costs the connection. Every other answer counts only when it is complete. When a body is longer than 64 KiB, the
 * status alone counts, and the connection is closed, because an endless body must not hold the exchange.
 *
 * Failure policy, a dead socket: when a connection that was used before is lost before the first byte of an answer, this says
 * nothing about the endpoint, so it is not a failure. The pool's other sockets may be dead too, so they are not used any more.
 * The caller decides whether the request is sent again. The endpoint may have received the first request. This is allowed,
 * because delivery is at least once and both requests carry the same Idempotency-Key.
 */
export class Exchange implements Waiting, ConnectionUser {
  readonly #pools: ConnectionPools;
  readonly #request: HttpRequest;
  readonly #options: HttpExchange;
  readonly #resolve: (result: HttpResult | Promise<HttpResult>) => void;
  readonly #reject: (error: unknown) => void;
  /** All exchanges with the same signal, this one included. They end when the signal aborts. */
  readonly #companions: Set<Exchange>;
  readonly #pool: ConnectionPool;
  readonly #text: RequestText;
  readonly #timer: NodeJS.Timeout;
  /** Absent while the exchange waits for a connection. */
  #connection: HttpConnection | undefined;
  #settled = false;
  #status = 0;
  #headers: Record<string, string> = {};
  #chunks: Buffer[] | undefined;
  #bodyBytes = 0;

  /** @throws Failure InvalidInvocation when the request is not valid HTTP */
  constructor(
    pools: ConnectionPools,
    request: HttpRequest,
    options: HttpExchange,
    companions: Set<Exchange>,
    resolve: (result: HttpResult | Promise<HttpResult>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#pools = pools;
    this.#request = request;
    this.#options = options;
    this.#companions = companions;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#text = requestText(request);
    this.#pool = pools.acquire(request.origin, options.transport);
    companions.add(this);
    this.#timer = setTimeout(timeOut, options.timeoutMs, this);
  }

  start(): void {
    this.#pool.enter(this);
  }

  get isWaiting(): boolean {
    return !this.#settled;
  }

  begin(connection: HttpConnection): boolean {
    if (!this.#settled && this.#pools.nowMs() > (this.#options.sendUntilMs ?? Number.POSITIVE_INFINITY)) {
      this.#settle();
      this.#resolve({ kind: 'missed' });
    }
    if (this.#settled) return false;
    this.#connection = connection;
    connection.send(this.#request.method, this.#text, this);
    return true;
  }

  fail(error: Error): void {
    this.#fail(fromNetworkError(error, this.#request.origin, false));
  }

  /**
   * Failure policy: a request that times out while its host name is looked up fails with DnsFailed, as a failed look-up does. So
   * it does not count as an attempt.
   */
  timeOut(): void {
    if (this.#isLookingUp()) {
      const { origin } = this.#request;
      this.#fail(new Failure('DnsFailed', `No address was found within ${this.#options.timeoutMs} ms for ${origin}.`));
      return;
    }
    this.#fail(new Failure('TimedOut', `No complete answer came within ${this.#options.timeoutMs} ms ${this.#from}.`));
  }

  /** Ends the exchange because the invocation's deadline came before the answer. */
  runOutOfTime(): void {
    const cause: unknown = this.#options.signal.reason;
    this.#fail(new Failure('OutOfTime', `The invocation ended before an answer came ${this.#from}.`, { cause }));
  }

  get #from(): string {
    return `from ${this.#request.origin}`;
  }

  onHead(status: number, headers: Record<string, string>): void {
    // An informational answer (RFC 9110 section 15.2). The final answer follows it.
    if (status < 200 && status !== 101) return;
    this.#status = status;
    this.#headers = headers;
    const wanted = this.#options.readSuccessBody || status < 200 || status > 299;
    if (wanted) this.#chunks = [];
    // The endpoint switches to a protocol that was not requested.
    if (status === 101) this.#abandonRest();
  }

  onBody(chunk: Buffer): void {
    if (this.#settled) return;
    this.#bodyBytes += chunk.length;
    this.#chunks?.push(chunk);
    if (this.#bodyBytes > maxBodyBytes) this.#abandonRest();
  }

  onEnd(): void {
    this.#succeed();
  }

  onLost(error: Error | undefined, connection: HttpConnection): void {
    if (this.#settled) return;
    if (isDeadSocket(error, connection)) {
      this.#pools.discard(this.#pool);
      this.#settle();
      this.#resolve({ kind: 'dead-socket' });
      return;
    }
    const { origin } = this.#request;
    this.#fail(fromNetworkError(error ?? new ConnectionEnded(), origin, connection.isAnswering));
  }

  /** Whether the request has no connection yet because the address of the host name is still looked up. */
  #isLookingUp(): boolean {
    return this.#connection === undefined && this.#pool.connector.isLookingUp();
  }

  #abandonRest(): void {
    const connection = this.#connection;
    this.#succeed();
    connection?.close();
  }

  #succeed(): void {
    this.#settle();
    const status = this.#status;
    const headers = this.#headers;
    const chunks = this.#chunks;
    if (chunks === undefined || chunks.length === 0) {
      this.#resolve({ kind: 'answer', answer: { status, headers, body: '' } });
      return;
    }
    const bytes = Buffer.concat(chunks, Math.min(this.#bodyBytes, maxBodyBytes));
    const body = bodyText(bytes, headers['content-encoding']);
    const answered = (text: string): HttpResult => ({ kind: 'answer', answer: { status, headers, body: text } });
    this.#resolve(typeof body === 'string' ? answered(body) : body.then(answered));
  }

  #fail(error: unknown): void {
    if (this.#settled) return;
    if (this.#isAccepted()) {
      this.#abandonRest();
      return;
    }
    this.#settle();
    this.#reject(error);
    this.#connection?.close();
  }

  /** Whether the head of a 2xx has arrived, and nobody reads its body. */
  #isAccepted(): boolean {
    return this.#status !== 0 && this.#chunks === undefined;
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#companions.delete(this);
    this.#pool.release();
  }
}

function timeOut(exchange: Exchange): void {
  exchange.timeOut();
}

/** Whether the server may have closed the connection while it was idle. */
function isDeadSocket(error: Error | undefined, { isAnswering, isReused }: HttpConnection): boolean {
  if (isAnswering || !isReused) return false;
  const code = errorCodeOf(error);
  return error === undefined || code === 'ECONNRESET' || code === 'EPIPE';
}
