import type { InvocationRequest } from '../delivery/delivery.ts';
import type { FormParts } from '../request/request-form.ts';
import type { SigningKeys } from '../request/signing.ts';
import type { ApiDestination } from './api-destination.ts';
import type { Connection } from './connection.ts';
import type { ConnectionSecret } from './connection-secret.ts';
import type { DeliveryPolicy, Transport } from './delivery-policy.ts';

/** The parts of a delivery policy that are made from its secrets, after the secrets have been read. */
export interface PolicyMaterial {
  /** How the connection is made, with the certificates that are current. */
  readonly transport: Transport;
  /** Absent when requests are not signed. */
  readonly signingKeys?: SigningKeys;
  /**
   * Versions of the secrets that this material was made from. If a later read returns other versions, a secret has changed.
   * Empty when the policy names no secret.
   */
  readonly versions: string;
}

/** The result of the resolve stage: where the events of one API destination go, with which credentials, and how. */
export interface ResolvedDestination extends PolicyMaterial {
  readonly apiDestination: ApiDestination;
  readonly connection: Connection;
  readonly secret: ConnectionSecret;
  readonly policy: DeliveryPolicy;
  /** Present if the policy has a format or a batch, because only then its code is loaded. */
  readonly renderForm?: (parts: FormParts) => InvocationRequest;
}
