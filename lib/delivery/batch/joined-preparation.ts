import type { Delivery } from '../../core/delivery/delivery.ts';
import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';
import { isUnauthorized } from '../../core/destination/unauthorized-run.ts';
import { Failure } from '../../core/failure/failure.ts';
import { idempotencyKey } from '../../core/request/idempotency-key.ts';
import type { KeyedRequest } from '../../core/request/joined-request.ts';
import { commonPartOf, joinedRequest } from '../../core/request/joined-request.ts';
import type { Preparation, Prepared } from '../route/preparation.ts';

/** One event of a batch, with the request that it would have alone. */
export interface PreparedMember {
  readonly delivery: Delivery;
  readonly prepared: Prepared;
}

export type PreparedMembers = readonly [PreparedMember, ...PreparedMember[]];

/**
 * @returns a text that is the same for events that may go in one request: same path, headers, credentials and configuration;
 *   undefined for an event that must go alone
 */
export function companyOf(member: PreparedMember): string | undefined {
  const { apiDestination, connection, versions } = member.prepared.destination;
  const common = commonPartOf(keyed(member));
  const configuration = [
    apiDestination.arn,
    apiDestination.revision,
    connection.arn,
    connection.secretVersion,
    versions,
  ];
  return common && JSON.stringify([common, ...configuration]);
}

/**
 * Prepares the one request of a batch. It replaces the preparation of a single event in an attempt, so the attempt handles refused
 * credentials and a changed configuration as it does for one event.
 *
 * Failure policy: when the request must be made again and the events no longer fit into one request, or one of them cannot be
 * prepared any more, the batch ends with a failure that is retried. Then each event is judged for itself.
 */
export function joinedPreparation(members: PreparedMembers, preparation: Preparation): Preparation {
  const joined = join(members);

  async function again(status: number | undefined, sent: Prepared, signal: AbortSignal) {
    const [first, ...others] = members;
    const renewed = await preparation.fresh(first.delivery, sent, status, signal);
    if (!('request' in renewed)) return renewed;
    const rest = others.map(async ({ delivery }) => ({
      delivery,
      prepared: await preparation.current(delivery, signal),
    }));
    const all: PreparedMembers = [{ delivery: first.delivery, prepared: renewed }, ...(await Promise.all(rest))];
    const company = companyOf(all[0]);
    if (company !== undefined && all.every((member) => companyOf(member) === company)) return join(all);
    return notTogether(status, renewed.destination);
  }

  return {
    cached: () => joined,
    current: async () => joined,
    async fresh(_delivery, sent, status, signal) {
      try {
        return await again(status, sent, signal);
      } catch (error) {
        if (!(error instanceof Failure) || !isAboutOneEvent(error)) throw error;
        return notTogether(status, sent.destination);
      }
    },
  };
}

/** After a refusal of the credentials the answer itself is retried. Any other answer would be final, so a failure replaces it. */
function notTogether(status: number | undefined, destination: ResolvedDestination): ResolvedDestination {
  if (status !== undefined && isUnauthorized(status)) return destination;
  const { name } = destination.apiDestination;
  throw new Failure('CredentialsChanged', `API destination '${name}' has changed while a batch was sent.`);
}

function isAboutOneEvent({ code }: Failure): boolean {
  return code === 'InvalidInvocation' || code === 'EventExpired';
}

function join(members: PreparedMembers): Prepared {
  const [first, ...others] = members;
  const { request, key } = joinedRequest([keyed(first), ...others.map(keyed)]);
  const { signing } = first.prepared;
  // The key has only hexadecimal digits, so it can be the id of the signature as it is.
  return { ...first.prepared, request, ...(signing !== undefined && { signing: { ...signing, messageId: key } }) };
}

function keyed({ delivery, prepared: { request, destination } }: PreparedMember): KeyedRequest {
  return { request, key: idempotencyKey(delivery, destination.apiDestination.name) };
}
