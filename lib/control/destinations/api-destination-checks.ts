import type { AddressAllowlist } from '../../core/address/address.ts';
import { isLoopbackHost, refusedHost, wayToAllow } from '../../core/address/address.ts';
import { hasUserinfo, maskUserinfo } from '../../core/address/host-name.ts';
import { forbiddenHost } from '../../core/destination/allowed-hosts.ts';
import type { ApiDestination } from '../../core/destination/api-destination.ts';
import { parseEventsArn } from '../../core/destination/arn.ts';
import type { Connection } from '../../core/destination/connection.ts';
import type { ServiceError } from '../../core/failure/service-error.ts';
import type { Caller, ControlDependencies } from '../operation.ts';
import type { Kind, Verb } from '../refusals.ts';
import { connectionArnNotFound, foreignConnectionArn, invalidParameter, notFound } from '../refusals.ts';

/** @throws ServiceError ResourceNotFoundException */
export async function requireApiDestination(
  { apiDestinations }: ControlDependencies,
  verb: Verb,
  name: string,
): Promise<ApiDestination> {
  const destination = await apiDestinations.read(name);
  if (destination === undefined) throw notFound(verb, 'api-destination', name);
  return destination;
}

/** @throws ServiceError ValidationException */
export function requireEndpoint({ allowlist }: ControlDependencies, verb: Verb, endpoint: string): void {
  requireInvocableEndpoint(verb, 'api-destination', 'InvocationEndpoint', endpoint, allowlist);
}

/**
 * Finds the connection that a client names by its ARN. The ARNs must be equal: a connection of the same name may be a newer
 * one, or belong to another account. A connection that is being deleted is not found. A connection of another region can never be
 * used, so its ARN is refused as not valid.
 *
 * @throws ServiceError ResourceNotFoundException or ValidationException
 */
export async function requireConnectionArn(
  dependencies: ControlDependencies,
  { region }: Caller,
  verb: Verb,
  connectionArn: string,
): Promise<Connection> {
  if (parseEventsArn(connectionArn)?.region !== region) throw foreignConnectionArn(verb, connectionArn);
  const connection = await connectionOf(dependencies, connectionArn);
  if (connection === undefined || connection.state === 'DELETING') throw connectionArnNotFound(verb, connectionArn);
  return connection;
}

/** @returns undefined when no connection has this ARN, even if a connection has the same name */
export async function connectionOf(
  { connections }: ControlDependencies,
  connectionArn: string,
): Promise<Connection | undefined> {
  const connection = await connections.read(connectionNameOf(connectionArn));
  return connection?.arn === connectionArn ? connection : undefined;
}

export function connectionNameOf(connectionArn: string): string {
  return parseEventsArn(connectionArn)?.name ?? connectionArn;
}

/**
 * Failure policy: a destination whose host the connection policy does not allow is refused, and the request is logged.
 * Connection and destination are two items, so the policy can change between this check and the write. The worker therefore
 * checks again before it sends a request.
 *
 * @throws ServiceError ValidationException that names the parameter and says which hosts the connection's policy allows
 */
export function requireAllowedHost(
  { credentialsLog }: ControlDependencies,
  caller: Caller,
  verb: Verb,
  connection: Connection,
  destination: ApiDestination,
): void {
  const forbidden = forbiddenHost(connection.policy, destination);
  if (forbidden === undefined) return;
  const { parameter, host } = forbidden;
  const names = { apiDestination: destination.name, connection: connection.name };
  credentialsLog.record({ event: 'destination-refused', ...names }, caller);
  const allowed = connection.policy?.allowedHosts?.join(', ') ?? '';
  const reason = `The policy of connection '${connection.name}' allows its credentials to go to ${allowed}, not to '${host}'.`;
  throw invalidParameter(verb, 'api-destination', parameter, reason);
}

/** Scheme, two slashes and a host. URL parsers also accept other forms, such as `https:example.com`. */
const absolute = /^(https?):\/\/[^/?#\\]/i;

/**
 * Checks the rules that the pattern of the service model cannot express. An IP address in the endpoint is checked here. A host
 * name is resolved and checked whenever a worker connects.
 *
 * @throws ServiceError ValidationException that names the parameter
 */
export function requireInvocableEndpoint(
  verb: Verb,
  kind: Kind,
  parameter: string,
  endpoint: string,
  allowlist: AddressAllowlist,
): void {
  if (!isInvocableEndpoint(endpoint, allowlist)) throw invalidEndpoint(verb, kind, parameter, endpoint);
  const refused = refusedHost(URL.parse(endpoint)?.hostname ?? '', allowlist);
  if (refused === undefined) return;
  const reason =
    `Endpoint '${maskUserinfo(endpoint)}' has an address that may not be called: ${refused}. ${wayToAllow(refused) ?? ''}`.trimEnd();
  throw invalidParameter(verb, kind, parameter, reason);
}

/**
 * A `*` is a wildcard in path and query. In the host it is refused, because otherwise an event could choose its own receiver.
 * `http://` is accepted only for a loopback host that the allowlist contains.
 */
export function isInvocableEndpoint(text: string, allowlist: AddressAllowlist): boolean {
  const [, scheme] = absolute.exec(text) ?? [];
  if (scheme === undefined || /[\s\\#]/.test(text) || hasUserinfo(text)) return false;
  const url = URL.parse(text);
  if (url === null || url.host.includes('*') || !hasGoodPort(text, url)) return false;
  if (url.protocol === 'https:') return true;
  return isLoopbackHost(url.hostname) && refusedHost(url.hostname, allowlist) === undefined;
}

/** Port 0 cannot be called, and a colon without a port is a mistake that URL parsers ignore. */
function hasGoodPort(text: string, url: URL): boolean {
  const authority = text.slice(text.indexOf('://') + 3).split(/[/?]/)[0] ?? '';
  return url.port !== '0' && !authority.endsWith(':');
}

/** Source of the text: recorded answers of the service. The message hides user name and password in the URL. */
export function invalidEndpoint(verb: Verb, kind: Kind, parameter: string, endpoint: string): ServiceError {
  const reason = `Endpoint '${maskUserinfo(endpoint)}' is invalid, please provide a valid HTTPS endpoint URL.`;
  return invalidParameter(verb, kind, parameter, reason);
}
