import type { ApiDestination, HttpMethod } from '../../core/destination/api-destination.ts';
import type { DeliveryPolicyOverrides } from '../../core/destination/delivery-policy.ts';
import type { JsonObject } from '../../core/input/json.ts';
import type { Item, ItemMembers } from './items.ts';
import { optionalText, requireReadable, requiredNumber, requiredText, toJsonObject } from './items.ts';

/** The members of an API destination, in the form in which its item stores them. */
export function apiDestinationMembers(apiDestination: ApiDestination): ItemMembers {
  const { revision: _revision, policy, ...members } = apiDestination;
  // JSON leaves out the members that are undefined.
  return policy === undefined ? members : { ...members, policy: JSON.parse(JSON.stringify(policy)) as JsonObject };
}

/** @throws Failure NewerVersion */
export function parseApiDestinationItem(item: Item): ApiDestination {
  requireReadable(item, `API destination '${optionalText(item, 'name')}'`);
  const description = optionalText(item, 'description');
  const policy = item['policy']?.M;
  return {
    name: requiredText(item, 'name'),
    arn: requiredText(item, 'arn'),
    incarnation: requiredText(item, 'incarnation'),
    ...(description === undefined ? {} : { description }),
    connectionArn: requiredText(item, 'connectionArn'),
    invocationEndpoint: requiredText(item, 'invocationEndpoint'),
    httpMethod: requiredText(item, 'httpMethod') as HttpMethod,
    invocationRateLimitPerSecond: requiredNumber(item, 'invocationRateLimitPerSecond'),
    ...(policy === undefined ? {} : { policy: toJsonObject(policy) as DeliveryPolicyOverrides }),
    creationTimeMs: requiredNumber(item, 'creationTimeMs'),
    lastModifiedTimeMs: requiredNumber(item, 'lastModifiedTimeMs'),
    revision: requiredNumber(item, 'revision'),
  };
}
