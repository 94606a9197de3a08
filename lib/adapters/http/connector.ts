import { connect as connectSocket, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Transport } from '../../core/destination/delivery-policy.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ResolveName } from '../dns/names.ts';
import { type AddressGuard, guardAddresses, guardConnector } from './address-guard.ts';
import { beginTls, tunnelThrough } from './connect-tunnel.ts';
import { watchConnection } from './connection.ts';
import { type Connecting, firstConnection } from './first-connection.ts';

export interface ConnectorOptions {
  readonly clock: Clock;
  readonly resolveName: ResolveName;
  /** TLS options that are not part of a transport, and the time limit of connecting. */
  readonly connectOptions: (transport: Transport) => ConnectionOptions;
  /** Decides which addresses may be called. */
  readonly guard: Omit<AddressGuard, 'loopbackOnly' | 'resolvedElsewhere'>;
}

/** Makes the connections of one pool. */
export interface Connector {
  readonly connect: buildConnector.connector;
  /** Whether a host name is being looked up for a connection. */
  readonly isLookingUp: () => boolean;
}

/** The time limit of connecting, even after the exchange has ended. Within it, the system sends SYNs at 0, 1, 3 and 7 s. */
const connectTimeoutMs = 10_000;

/** The socket options that undici would set. */
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000, highWaterMark: 65_536 };

/**
 * Creates the connector of one origin and transport. It always verifies certificates and requires TLS 1.2 or later, even if the
 * process was started with other settings. Without TLS, it calls only loopback addresses. Each connector has its own TLS
 * sessions, so that no session is resumed with another client certificate.
 *
 * With a proxy, the connector checks the proxy's address. It checks the endpoint's host only if the host is an address, because
 * the proxy resolves names. The client certificate, the CA certificates and the server name are for the endpoint.
 *
 * @param build undici's `buildConnector`, which is loaded only when it is needed
 */
export function createConnector(
  build: typeof buildConnector,
  origin: string,
  transport: Transport,
  { clock, resolveName, connectOptions, guard: anywhere }: ConnectorOptions,
): Connector {
  const { timeout = connectTimeoutMs, ...given } = connectOptions(transport);
  let lookUps = 0;
  const counted: ResolveName = async (host) => {
    lookUps += 1;
    try {
      return await resolveName(host);
    } finally {
      lookUps -= 1;
    }
  };
  const connectorOf = (guard: AddressGuard, tls: ConnectionOptions) => {
    const fixed = { rejectUnauthorized: true, minVersion: 'TLSv1.2', allowH2: false };
    const connectTls = build({ timeout, ...given, ...tls, ...fixed } as buildConnector.BuildOptions);
    return connectTo(guardAddresses(guard, counted), connectTls, { clock, limitMs: timeout });
  };
  const { proxyUrl } = transport;
  const guard = {
    ...anywhere,
    loopbackOnly: !origin.startsWith('https:'),
    resolvedElsewhere: proxyUrl !== undefined,
  };
  const isLookingUp = () => lookUps > 0;
  const connect = connectorOf(guard, tlsOptions(transport));
  if (proxyUrl === undefined) return { connect: watchConnection(guardConnector(guard, connect)), isLookingUp };
  // A proxy without TLS may have any public address, because the requests through it have their own TLS.
  const proxyGuard = { ...anywhere, loopbackOnly: false };
  const connectProxy = guardConnector(proxyGuard, connectorOf(proxyGuard, {}));
  const tunnel = tunnelThrough(proxyUrl, connectProxy, connect, timeout);
  return { connect: watchConnection(guardConnector(guard, tunnel)), isLookingUp };
}

/** Connects to one of the host's addresses, unless the options contain a socket. Then begins TLS if the protocol is https. */
function connectTo(
  addressesOf: ResolveName,
  connectTls: buildConnector.connector,
  limits: Omit<Connecting, 'connectTo'>,
): buildConnector.connector {
  async function open({ hostname, port: named, protocol }: buildConnector.Options): Promise<Socket> {
    const port = named === '' ? (protocol === 'https:' ? 443 : 80) : Number(named);
    const connectSocketTo = (host: string): Socket => connectSocket({ ...socketOptions, host, port });
    return firstConnection(await addressesOf(hostname), { ...limits, connectTo: connectSocketTo });
  }

  async function connect(options: buildConnector.Options, callback: buildConnector.Callback): Promise<void> {
    let httpSocket: Socket;
    try {
      httpSocket = options.httpSocket ?? (await open(options));
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    if (options.protocol === 'https:') beginTls(connectTls, { ...namedForTls(options), httpSocket }, callback);
    else callback(null, httpSocket);
  }
  return (options, callback) => void connect(options, callback);
}

/**
 * undici takes the server name of TLS from `host`. A server name has no final dot, although the name in the URL may have one.
 * Source: RFC 6066 section 3.
 */
function namedForTls(options: buildConnector.Options): buildConnector.Options {
  const { host } = options;
  return host === undefined ? options : { ...options, host: host.replace(/\.(?=:[0-9]+$|$)/, '') };
}

/** Configured CA certificates replace Node's own, so that no public CA is trusted for an endpoint with a private one. */
function tlsOptions({ clientCertificate, caCertificatePem, serverName }: Transport): ConnectionOptions {
  return {
    ...(clientCertificate && { cert: clientCertificate.certificatePem, key: clientCertificate.keyPem }),
    ...(caCertificatePem !== undefined && { ca: caCertificatePem }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}
