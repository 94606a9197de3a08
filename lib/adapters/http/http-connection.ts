import type { Socket } from 'node:net';
import type { HttpMethod } from '../../core/destination/api-destination.ts';
import { type AnswerReceiver, AnswerParser } from './answer-parser.ts';
import type { RequestText } from './request-text.ts';

/** One exchange, as its connection sees it. `onEnd` or `onLost` is called once, unless the exchange closes the connection. */
export interface ConnectionUser extends AnswerReceiver {
  /** The answer is complete. */
  onEnd(): void;
  /**
   * The connection is lost before the end of the answer.
   *
   * @param error absent when the server has closed the connection
   */
  onLost(error: Error | undefined, connection: HttpConnection): void;
}

/** Whoever keeps the connection between two exchanges. */
export interface ConnectionOwner {
  /** The connection can be used again. */
  freed(connection: HttpConnection): void;
  /** The connection cannot be used any more. Called once. */
  gone(connection: HttpConnection): void;
}

/** A body with these methods is usual. Some servers leave any other body unread, and take it for the next request. */
const methodsWithBody: ReadonlySet<HttpMethod> = new Set(['POST', 'PUT', 'PATCH']);

/** One socket, which carries one exchange at a time. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser = new AnswerParser();
  #user: ConnectionUser | undefined;
  #isSingleUse = false;
  #isClosed = false;
  #hasAnswered = false;
  /** When the last answer ended, epoch ms. The owner sets it. */
  idleSinceMs = 0;

  /** @param socket a socket on which nothing has been sent or received yet */
  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    // An exchange has a timer, so that the process lives until the exchange has ended. An idle socket must not keep it alive.
    socket.unref();
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#ended());
    // After a TLS alert the socket stays open until its end is read. With TLS 1.3, a server refuses a client certificate in this
    // way, so the alert must count and not the end.
    socket.on('error', (error: Error) => this.#lose(error));
    socket.on('close', () => this.#lose(undefined));
  }

  /** Whether the connection has carried an answer before. The server may then have closed it while it was idle. */
  get isReused(): boolean {
    return this.#hasAnswered;
  }

  /** Whether a byte of the present answer has arrived. */
  get isAnswering(): boolean {
    return this.#parser.hasBegun;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How long the server keeps the idle connection open, as its last answer says. */
  get idleLimitMs(): number {
    return this.#parser.idleLimitMs;
  }

  send(method: HttpMethod, text: RequestText, user: ConnectionUser): void {
    this.#user = user;
    // Some servers send a body after an answer to HEAD.
    this.#isSingleUse = method === 'HEAD' || (text.bodyBytes > 0 && !methodsWithBody.has(method));
    this.#parser.begin(method);
    write(this.#socket, text);
  }

  /** Closes the connection at once. The exchange that uses it hears nothing more. */
  close(): void {
    this.#user = undefined;
    this.#socket.destroy();
    this.#leave();
  }

  /** Closes the connection. Resolves when the system has closed the socket. */
  closed(): Promise<void> {
    const socket = this.#socket;
    const closed = socket.closed
      ? Promise.resolve()
      : new Promise<void>((resolve) => socket.once('close', () => resolve()));
    this.close();
    return closed;
  }

  #read(chunk: Buffer): void {
    const user = this.#user;
    if (user === undefined) {
      // Nobody has asked for these bytes. They must not count as the next answer.
      this.close();
      return;
    }
    try {
      this.#parser.read(chunk, user);
    } catch (error) {
      this.#lose(error as Error);
      return;
    }
    if (this.#parser.isComplete && this.#user === user) this.#complete(user);
  }

  #ended(): void {
    const user = this.#user;
    if (user !== undefined && this.#parser.end()) this.#complete(user);
    this.#lose(undefined);
  }

  #complete(user: ConnectionUser): void {
    this.#user = undefined;
    this.#hasAnswered = true;
    const isReusable = this.#parser.keepsAlive && !this.#isSingleUse && this.#parser.idleLimitMs > 0;
    user.onEnd();
    if (this.#isClosed) return;
    if (isReusable) this.#owner.freed(this);
    else this.close();
  }

  #lose(error: Error | undefined): void {
    const user = this.#user;
    this.close();
    user?.onLost(error, this);
  }

  #leave(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#owner.gone(this);
  }
}

/** One write for head and body: two of them would cost a tenth of the whole exchange. */
function write(socket: Socket, { head, body, bodyBytes }: RequestText): void {
  // A body whose characters are all ASCII has the same bytes in Latin-1, the encoding of the head.
  if (bodyBytes === body.length) {
    socket.write(head + body, 'latin1');
    return;
  }
  const bytes = Buffer.allocUnsafe(head.length + bodyBytes);
  bytes.write(head, 'latin1');
  bytes.write(body, head.length, 'utf8');
  socket.write(bytes);
}
