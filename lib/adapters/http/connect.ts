import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

/** The server to connect to, as the parts of an URL name it. */
export interface ConnectTarget {
  /** `http:` or `https:` */
  readonly protocol: string;
  /** Name or address, without the brackets of IPv6. */
  readonly hostname: string;
  /** Name and port, as in the URL. */
  readonly host: string;
  /** Empty when it is the protocol's own. */
  readonly port: string;
  /** A connection to the server on which TLS begins; absent when a new one is made. */
  readonly socket?: Socket;
}

export type ConnectCallback = (...result: [error: null, socket: Socket] | [error: Error, socket: null]) => void;

/** Connects to a server, and calls back once. */
export type Connect = (target: ConnectTarget, callback: ConnectCallback) => void;

export function targetOf(origin: string): ConnectTarget {
  const { protocol, host, hostname, port } = new URL(origin);
  return { protocol, host, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port };
}

/**
 * Begins TLS, on the socket of the target if it has one. Each call of this function keeps TLS sessions of its own, for one server.
 *
 * @param limitMs time limit of the handshake, and of connecting if the target has no socket
 */
export function createTlsConnect(options: ConnectionOptions, limitMs: number): Connect {
  let session: Buffer | undefined;

  function begin(target: ConnectTarget, callback: ConnectCallback): void {
    const { connect } = process.getBuiltinModule('node:tls');
    const { servername = serverNameOf(target.host) } = options;
    const port = target.port === '' ? 443 : Number(target.port);
    const where = target.socket === undefined ? { host: target.hostname, port } : { socket: target.socket };
    const socket = connect({
      ...options,
      ...where,
      host: target.hostname,
      ...(servername !== '' && { servername }),
      ...(session !== undefined && { session }),
      ALPNProtocols: ['http/1.1'],
    });
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error('TLS did not begin in time.'), { code: 'ETIMEDOUT' }));
    }, limitMs);
    let isAnswered = false;
    const answer = (...result: Parameters<ConnectCallback>): void => {
      clearTimeout(timer);
      if (isAnswered) return;
      isAnswered = true;
      callback(...result);
    };
    socket.on('session', (latest) => {
      session = latest;
    });
    socket.once('secureConnect', () => answer(null, socket));
    // The listener stays, because an error without a listener would end the process.
    socket.on('error', (error: Error) => answer(error, null));
  }

  return (target, callback) => {
    try {
      begin(target, callback);
    } catch (error) {
      // OpenSSL throws for an invalid certificate or key.
      target.socket?.destroy();
      callback(error as Error, null);
    }
  };
}

/**
 * The name for Server Name Indication: empty for an address, and without a final dot, although the name in the URL may have one.
 * Source: RFC 6066 section 3.
 */
function serverNameOf(host: string): string {
  const name = host.replace(/:[0-9]+$/, '');
  return name.startsWith('[') || isIP(name) !== 0 ? '' : name.replace(/\.$/, '');
}
