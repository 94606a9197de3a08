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

/** The time limit of connecting, also after the exchange has ended. In this time SYNs are sent at 0, 1, 3 and 7 s. */
const connectTimeoutMs = 10_000;

/**
 * Makes the connections of one pool. It always verifies certificates and requires TLS 1.2 or later, even if the process was
 * started with other settings. Without TLS it calls only loopback. Each connector has its own TLS sessions, so that no session
 * is resumed with another client certificate.
 *
 * With a proxy, it checks the proxy's address. It checks the endpoint's host only if that is an address, because the proxy
 * resolves names. The client certificate, the CA certificates and the server name are for the endpoint.
 *
 * @param build the function of undici, which is loaded late
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
  // A proxy without TLS may have any public address, because the requests through it have their own TLS.
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
