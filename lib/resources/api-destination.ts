import { defaultInvocationRateLimitPerSecond } from '../core/destination/api-destination.ts';
import { identityOf } from './identity.ts';
import type { ResourceKind, Work } from './kind.ts';
import { change, hasCode } from './kind.ts';
import { attributesOf, describe, description, isDoneBefore, nameOf, removeNamed, requireOwn } from './named.ts';

const type = 'ApiDestination';

/** Custom::LastmileApiDestination. Its properties are the members of CreateApiDestination. */
export const apiDestinationKind: ResourceKind = {
  async put(work) {
    const name = nameOf(work.request);
    work.made(name);
    await write(work, name);
    const described = (await describe(work, type, name)) ?? {};
    return { physicalResourceId: name, data: attributesOf(type, described) };
  },
  remove: (work) => removeNamed(work, type),
};

async function write(work: Work, name: string): Promise<void> {
  const { properties } = work.request;
  const existing = await describe(work, type, name);
  if (existing === undefined) {
    try {
      const identity = identityOf(work.request, work.newUuid());
      await change(work, 'CreateApiDestination', { ...properties, Name: name }, identity);
      return;
    } catch (error) {
      // The same request may run twice at the same time.
      if (!hasCode(error, 'ResourceAlreadyExistsException')) throw error;
    }
    return await write(work, name);
  }
  requireOwn(work, type, existing, name);
  if (isDoneBefore(work, type, existing)) return;
  await change(work, 'UpdateApiDestination', {
    // UpdateApiDestination keeps members that it does not get.
    InvocationRateLimitPerSecond: defaultInvocationRateLimitPerSecond,
    ...properties,
    ...description(properties),
    Name: name,
  });
}
