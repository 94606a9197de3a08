import type {
  ApiDestinationRepository,
  ConnectionAuthorizer,
  ConnectionRepository,
  SecretWriter,
} from '../ports/control.ts';
import type { Clock } from '../ports/clock.ts';
import type { SecretReader } from '../ports/delivery.ts';
import type { AddressAllowlist } from '../core/address/address.ts';
import type { JsonObject } from '../core/input/json.ts';
import type { CredentialsLog } from '../ports/metrics.ts';

/** Who calls, and where: what the protocol has learnt of a request before its operation begins. */
export interface Caller {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly partition: string;
  readonly requestId: string;
  /** Of the API key that opened it. */
  readonly accessKeyId?: string;
}

/**
 * One operation of the control API, behind the first stage of validation: its input has the types, patterns, lengths and
 * enums of the service model, no null and no unknown member.
 *
 * @returns the members of the answer; times are epoch seconds
 * @throws ServiceError what the client is told; anything else is InternalException
 */
export type Operation = (input: JsonObject, caller: Caller) => Promise<JsonObject>;

export interface ControlDependencies {
  readonly connections: ConnectionRepository;
  readonly apiDestinations: ApiDestinationRepository;
  readonly secretWriter: SecretWriter;
  readonly secretReader: SecretReader;
  readonly authorizer: ConnectionAuthorizer;
  readonly credentialsLog: CredentialsLog;
  readonly clock: Clock;
  readonly newUuid: () => string;
  /** What the name of every connection's secret begins with. */
  readonly secretPrefix: string;
  /** Addresses that endpoints may have though they are not public. */
  readonly allowlist: AddressAllowlist;
}
