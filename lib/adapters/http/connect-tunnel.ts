import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { Failure } from '../../core/failure/failure.ts';
import { fromNetworkError } from './failures.ts';

/** Node's own limit for the headers of one message. */
const maxHeadBytes = 16_384;
const headEnd = '\r\n\r\n';

/**
 * A connector whose connections go through an HTTP proxy by CONNECT, both with and without TLS. With TLS, the proxy therefore
 * learns only the host and the port. Source: RFC 9110 section 9.3.6.
 *
 * Failure policy: any answer of the proxy except a 2xx is a ConnectionFailed, which is retried. Such an answer says nothing about
 * the endpoint, and a 407 is about the proxy's credentials, not about those of the connection. Bytes directly after the proxy's
 * answer are a ConnectionFailed too, because in TLS and in HTTP the client sends first. Otherwise undici would drop such a
 * connection and open another, thousands of times a second.
 *
 * @param proxyUrl origin of the proxy
 * @param connectProxy makes the connections to the proxy
 * @param connectOrigin begins TLS on these connections
 * @param answerTimeoutMs time limit for the proxy's answer; it holds even after the exchange has ended
 */
export function tunnelThrough(
  proxyUrl: string,
  connectProxy: buildConnector.connector,
  connectOrigin: buildConnector.connector,
  answerTimeoutMs: number,
): buildConnector.connector {
  const { protocol, host, hostname, port } = new URL(proxyUrl);
  const proxy = { protocol, host, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port };
  return (options, callback) => {
    connectProxy(proxy, (error, socket) => {
      if (error !== null) {
        callback(proxyFailure(error, proxyUrl), null);
        return;
      }
      const asked = { authority: authorityOf(options), proxyUrl, answerTimeoutMs };
      openTunnel(socket, asked, (failure) => {
        if (failure !== undefined) callback(failure, null);
        else if (options.protocol === 'https:') beginTls(connectOrigin, { ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      });
    });
  };
}

/** Returns a failure that mentions the proxy, because the user may not recognise the proxy's host name. */
function proxyFailure(error: Error, proxyUrl: string): Error {
  if (error instanceof Failure && error.code === 'DnsFailed') {
    return new Failure(error.code, `No connection could be made to the proxy ${proxyUrl}. ${error.message}`, {
      cause: error,
    });
  }
  return fromNetworkError(error, `the proxy ${proxyUrl}`, false) as Error;
}

function authorityOf({ hostname, port, protocol }: buildConnector.Options): string {
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  return `${host}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
}

/** OpenSSL throws for an invalid certificate or key. No caller would catch that, so the callback gets the error. */
export function beginTls(
  connect: buildConnector.connector,
  options: buildConnector.Options,
  callback: buildConnector.Callback,
): void {
  try {
    connect(options, callback);
  } catch (error) {
    options.httpSocket?.destroy();
    callback(error as Error, null);
  }
}

interface Asked {
  /** The host and port to connect to. */
  readonly authority: string;
  readonly proxyUrl: string;
  readonly answerTimeoutMs: number;
}

/**
 * @param ended called once: with the failure, or with undefined when the tunnel is open and the next byte on the socket comes
 *   from the endpoint
 */
function openTunnel(
  socket: Socket,
  { authority, proxyUrl, answerTimeoutMs }: Asked,
  ended: (failure: Failure | undefined) => void,
): void {
  let head = '';
  const timer = setTimeout(() => end('gave no answer in time'), answerTimeoutMs);

  function end(problem: string | undefined): void {
    clearTimeout(timer);
    socket.off('readable', read).off('end', lost).off('close', lost);
    if (problem === undefined) {
      ended(undefined);
      return;
    }
    socket.destroy();
    ended(new Failure('ConnectionFailed', `The proxy ${proxyUrl} ${problem} when asked for ${authority}.`));
  }

  function lost(): void {
    end('closed the connection');
  }

  function read(): void {
    for (let chunk = nextChunk(socket); chunk !== null; chunk = nextChunk(socket)) {
      const searched = Math.max(0, head.length - headEnd.length);
      head += chunk.toString('latin1');
      const ends = head.indexOf(headEnd, searched);
      if (ends !== -1) {
        const isAll = ends + headEnd.length === head.length;
        end(problemOf(head) ?? (isAll ? undefined : 'sent extra bytes after its answer'));
        return;
      }
      if (head.length > maxHeadBytes) {
        end('gave an answer that is too long');
        return;
      }
    }
  }

  socket.on('readable', read).on('end', lost).on('close', lost);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
}

function nextChunk(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}

function problemOf(head: string): string | undefined {
  const status = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?= |\r)/.exec(head)?.[1];
  if (status === undefined) return 'gave an answer that is not HTTP';
  return status.startsWith('2') ? undefined : `answered ${status}`;
}
