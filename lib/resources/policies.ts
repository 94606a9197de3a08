import { parseEventsArn } from '../core/destination/arn.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import { authorized } from './connection.ts';
import { isMadeUp } from './identity.ts';
import type { ResourceKind, Work } from './kind.ts';
import { change, find, removed, textOf } from './kind.ts';
import type { NamedType } from './named.ts';
import { arnOf, describe } from './named.ts';

/** The policy of a connection or an API destination. Each of them has at most one. */
interface Policy {
  /** `PutDeliveryPolicy` without `Put`. */
  readonly operation: 'DeliveryPolicy' | 'ConnectionPolicy';
  readonly owner: NamedType;
}

/** Custom::LastmileDeliveryPolicy. Its properties are the members of PutDeliveryPolicy. */
export const deliveryPolicyKind: ResourceKind = policyKind({ operation: 'DeliveryPolicy', owner: 'ApiDestination' });

/** Custom::LastmileConnectionPolicy. Its properties are the members of PutConnectionPolicy. */
export const connectionPolicyKind: ResourceKind = policyKind({ operation: 'ConnectionPolicy', owner: 'Connection' });

/**
 * The physical id is the ARN of the connection or the API destination. So the policy of another one is another resource, and a
 * Delete does not reach a connection that was created later under the same name.
 *
 * Failure policy: a policy that exists already is replaced, as a queue policy or a bucket policy of a template is. If it had to be
 * deleted first, requests would go out unsigned meanwhile, or to hosts that the policy forbids.
 */
function policyKind({ operation, owner }: Policy): ResourceKind {
  return {
    async put(work) {
      const { properties, physicalResourceId } = work.request;
      const name = ownerName(properties, owner);
      const described = await describe(work, owner, name);
      const arn = described === undefined ? '' : arnOf(owner, described);
      const isNew = described !== undefined && (await find(work, `Get${operation}`, named(owner, name))) === undefined;
      if (isNew) work.made(arn);
      await change(work, `Put${operation}`, properties);
      work.made(arn);
      try {
        const hasSecret = operation === 'ConnectionPolicy' && ownMember(properties, 'SecretArn') !== undefined;
        if (hasSecret) await authorized(work, name);
      } catch (error) {
        // After a failed Update, CloudFormation knows the former id only. So nobody else would remove the new policy.
        const isUpdate = physicalResourceId !== undefined && physicalResourceId !== arn;
        if (isNew && isUpdate) await removed(work, `Delete${operation}`, named(owner, name));
        throw error;
      }
      return { physicalResourceId: arn, data: { [`${owner}Name`]: name, [`${owner}Arn`]: arn } };
    },

    async remove(work) {
      const { physicalResourceId = '', properties } = work.request;
      const arn = parseEventsArn(physicalResourceId);
      const name = arn?.name ?? ownerName(properties, owner);
      const isOurs =
        arn === undefined
          ? isMadeUp(work.request, physicalResourceId) && (await isInForce(work, operation, owner, name))
          : arnOf(owner, (await describe(work, owner, name)) ?? {}) === physicalResourceId;
      if (isOurs) await removed(work, `Delete${operation}`, named(owner, name));
    },
  };
}

/** An absent or wrong name gets its refusal from the operation. */
function ownerName(properties: JsonObject, owner: NamedType): string {
  const name = ownMember(properties, `${owner}Name`);
  return typeof name === 'string' ? name : '';
}

function named(owner: NamedType, name: string): JsonObject {
  return { [`${owner}Name`]: name };
}

/**
 * Whether the policy in force is the one that the properties ask for.
 *
 * Failure policy: CloudFormation got no answer to Create, so it does not know whether the policy was put. Only a policy with the same
 * members is removed. Any other one may be somebody else's, and stays.
 */
async function isInForce(work: Work, operation: string, owner: NamedType, name: string): Promise<boolean> {
  if ((await describe(work, owner, name)) === undefined) return false;
  const policy = await find(work, `Get${operation}`, named(owner, name));
  if (policy === undefined) return false;
  const arnMember = `${owner}Arn`;
  const without = (members: JsonObject) => Object.entries(members).filter(([member]) => member !== arnMember);
  return texts(Object.fromEntries(without(policy))) === texts(Object.fromEntries(without(work.request.properties)));
}

/** CloudFormation sends numbers and booleans as texts. */
function texts(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map((member: JsonValue) => texts(member)).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(textOf(value));
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${texts(member)}`).join(',')}}`;
}
