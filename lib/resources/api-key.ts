import type { JsonObject } from '../core/input/json.ts';
import { ownMember } from '../core/input/json.ts';
import type { ChosenIdentity, DeclaredKey } from '../ports/resources.ts';
import { hasCreated, identityOf, isMadeUp } from './identity.ts';
import type { Made, ResourceKind, Work } from './kind.ts';
import { change, removed, textOf } from './kind.ts';

/**
 * Custom::LastmileApiKey. Its properties are the members of CreateApiKey. The physical id is the public id of the key.
 *
 * Failure policy: the key itself goes into a secret of Secrets Manager, and only the ARN of the secret into the answer. Values of
 * Fn::GetAtt end up in other properties, outputs and logs, also those with NoEcho.
 */
export const apiKeyKind: ResourceKind = {
  async put(work) {
    const { request } = work;
    const identity = identityOf(request, work.newUuid());
    const apiId = textOf(ownMember(request.properties, 'apiId'));
    const own = (await ownKeys(work)).filter((key) => key.apiId === apiId);
    const present = own.find(({ publicId }) => publicId === request.physicalResourceId) ?? own[0];
    if (present === undefined || request.type === 'Create') {
      const isDone = own.some(({ publicId }) => publicId === identity.publicId);
      work.made(identity.publicId);
      if (!isDone) await create(work, identity);
      return await made(work, apiId, identity.publicId);
    }
    const id = present.publicId;
    const { expires: _, ...members } = request.properties;
    const description = ownMember(members, 'description') ?? '';
    await change(work, 'UpdateApiKey', { ...members, id, description, ...changedExpiry(request) });
    return await made(work, apiId, id);
  },

  async remove(work) {
    const { physicalResourceId = '' } = work.request;
    const isLost = isMadeUp(work.request, physicalResourceId);
    const present = await work.apiKeys.list();
    for (const { apiId, publicId, incarnation } of present) {
      const isMeant = publicId === physicalResourceId || isLost;
      if (isMeant && hasCreated(work.request, incarnation)) await removeKey(work, apiId, publicId);
    }
    // A key that has ended was removed by the table, and has left its secret.
    if (!present.some(({ publicId }) => publicId === physicalResourceId)) await work.apiKeys.forget(physicalResourceId);
  },
};

/** The same request may run twice at the same time. The second one then finds the key of the first. */
async function create(work: Work, identity: ChosenIdentity): Promise<void> {
  try {
    await change(work, 'CreateApiKey', work.request.properties, identity);
  } catch (error) {
    if (!(await ownKeys(work)).some(({ publicId }) => publicId === identity.publicId)) throw error;
  }
}

async function removeKey(work: Work, apiId: string, publicId: string): Promise<void> {
  await removed(work, 'DeleteApiKey', { apiId, id: publicId });
  await work.apiKeys.forget(publicId);
}

async function ownKeys({ apiKeys, request }: Work): Promise<readonly DeclaredKey[]> {
  return (await apiKeys.list()).filter(({ incarnation }) => hasCreated(request, incarnation));
}

/** The time stays when the template does not change it. Otherwise an update would fail that comes shortly before a key ends. */
function changedExpiry({ properties, formerProperties }: Work['request']): JsonObject {
  const expires = ownMember(properties, 'expires');
  return expires === undefined || expires === ownMember(formerProperties, 'expires') ? {} : { expires };
}

async function made({ apiKeys }: Work, apiId: string, publicId: string): Promise<Made> {
  const SecretArn = await apiKeys.keep(apiId, publicId);
  return { physicalResourceId: publicId, data: { Id: publicId, SecretArn } };
}
