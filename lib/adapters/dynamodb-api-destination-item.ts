import type { ApiDestination, HttpMethod } from '../core/api-destination.ts';
import type { DeliveryPolicyOverrides } from '../core/delivery-policy.ts';
import type { JsonObject } from '../core/json.ts';
import type { Item, ItemMembers } from './dynamodb-items.ts';
import { optionalText, requiredNumber, requiredText, requireReadable, toJsonObject } from './dynamodb-items.ts';

/** The members of an API destination that its item holds under their own names. */
export function apiDestinationMembers(apiDestination: ApiDestination): ItemMembers {
  const { revision: _revision, policy, ...members } = apiDestination;
  // A round through JSON leaves out the members that are set to undefined, which stands for "no limit, no override".
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
