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

/** The caller of the operation, and the region of the call. */
export interface Caller {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly partition: string;
  readonly requestId: string;
  /** The public id of the API key in the request; absent when no key was required. */
  readonly accessKeyId?: string;
  /** The identity of what the operation creates, when the caller chooses it. Default: a random one. */
  readonly identity?: Identity;
}

/** If the same request is sent again, it has the same identity. So its sender finds out what it has created before. */
export interface Identity {
  /** The UUID of a connection, an API destination or an API key. */
  readonly incarnation: string;
  /** The public id of an API key. */
  readonly publicId: string;
}

/**
 * One operation of the control API. Its input has passed the first stage of validation: it has the types, patterns, lengths
 * and enums of the service model, and neither nulls nor unknown members.
 *
 * @returns the members of the answer; times are epoch seconds
 * @throws ServiceError, whose code and message the client gets. For any other error the client gets InternalException
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
  /** The prefix of the name of each secret that the stack creates. */
  readonly secretPrefix: string;
  /** Private addresses that endpoints may have. */
  readonly allowlist: AddressAllowlist;
}
