import type { SigningKeys } from '../request/signing.ts';
import type { ApiDestination } from './api-destination.ts';
import type { Connection } from './connection.ts';
import type { ConnectionSecret } from './connection-secret.ts';
import type { DeliveryPolicy, Transport } from './delivery-policy.ts';

/** The parts of a delivery policy that its secrets give, once they have been read. */
export interface PolicyMaterial {
  /** How the connection is made, with the certificates that are current. */
  readonly transport: Transport;
  /** Absent: requests are not signed. */
  readonly signingKeys?: SigningKeys;
  /** Versions of the secrets that it was made from; a later read with other versions has changed. Empty without secrets. */
  readonly versions: string;
}

/** Stage resolve: where the events of one API destination go, with which credentials, and how. */
export interface ResolvedDestination extends PolicyMaterial {
  readonly apiDestination: ApiDestination;
  readonly connection: Connection;
  readonly secret: ConnectionSecret;
  readonly policy: DeliveryPolicy;
}
