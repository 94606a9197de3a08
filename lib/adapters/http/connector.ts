import type { TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Transport } from '../../core/destination/delivery-policy.ts';
import { type AddressGuard, guardConnector, guardLookup } from './address-guard.ts';
import { tunnelThrough } from './connect-tunnel.ts';
import { watchConnection } from './connection.ts';

/** TLS and socket options of Node's `tls.connect` and `net.connect`. */
export type ConnectOptions = ConnectionOptions & Pick<Partial<TcpNetConnectOpts>, 'localAddress' | 'family' | 'lookup'>;

export interface ConnectorOptions {
  /** Options that are not part of a transport. */
  readonly connectOptions: (transport: Transport) => ConnectOptions;
  /** Decides which addresses may be called. */
  readonly guard: Omit<AddressGuard, 'loopbackOnly' | 'resolvedElsewhere'>;
}

/** Limit of connecting alone, for one whose exchange has ended meanwhile; SYNs go out at 0, 1, 3 and 7 s. */
const connectTimeoutMs = 10_000;

/**
 * How the connections of one pool are made. Certificates are verified and TLS is 1.2 at least, whatever the process was
 * started with; without TLS only loopback is called. Sessions of TLS are kept with the connector, so that none is resumed
 * with another client certificate. On the way through a proxy, its address is judged, and of the endpoint's host what can be
 * judged without resolving it, which is the proxy's to do; client certificate, CA certificates and server name are the
 * endpoint's.
 *
 * @param build undici's, which is loaded late
 */
export function createConnector(
  build: typeof buildConnector,
  origin: string,
  transport: Transport,
  { connectOptions, guard: anywhere }: ConnectorOptions,
): buildConnector.connector {
  const { lookup, timeout = connectTimeoutMs, ...given } = connectOptions(transport);
  const connectorOf = (guard: AddressGuard, tls: ConnectionOptions) => {
    const fixed = {
      lookup: guardLookup(guard, lookup),
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      allowH2: false,
    };
    const options = { timeout, ...given, ...tls, ...fixed };
    return build(options as buildConnector.BuildOptions);
  };
  const { proxyUrl } = transport;
  const guard = {
    ...anywhere,
    loopbackOnly: !origin.startsWith('https:'),
    resolvedElsewhere: proxyUrl !== undefined,
  };
  const connect = connectorOf(guard, tlsOptions(transport));
  if (proxyUrl === undefined) return watchConnection(guardConnector(guard, connect));
  // A proxy may be anywhere without TLS: what goes through it has TLS of its own.
  const proxyGuard = { ...anywhere, loopbackOnly: false };
  const connectProxy = guardConnector(proxyGuard, connectorOf(proxyGuard, {}));
  return watchConnection(guardConnector(guard, tunnelThrough(proxyUrl, connectProxy, connect, timeout)));
}

/** Configured CA certificates replace Node's own, so that no public CA is trusted for an endpoint with a private one. */
function tlsOptions({ clientCertificate, caCertificatePem, serverName }: Transport): ConnectionOptions {
  return {
    ...(clientCertificate && { cert: clientCertificate.certificatePem, key: clientCertificate.keyPem }),
    ...(caCertificatePem !== undefined && { ca: caCertificatePem }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}
