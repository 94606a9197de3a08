import { parseEventsArn } from '../core/destination/arn.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import type { JsonObject } from '../core/input/json.ts';
import { ownMember } from '../core/input/json.ts';
import { generatedName, hasCreated, hasCreatedNow, isMadeUp } from './identity.ts';
import type { Work } from './kind.ts';
import { find, removed } from './kind.ts';
import type { ResourceRequest } from './request.ts';

/*
 * What connections and API destinations have in common. Their physical id is their name, as in AWS::Events::Connection and
 * AWS::Events::ApiDestination. So another name means another resource.
 *
 * Failure policy: a resource of a template never changes or deletes what it has not created itself. A connection that was made by
 * hand, or by another stack, stays as it is, also if the template names it. The UUID in its ARN tells who has created it.
 */

export type NamedType = 'Connection' | 'ApiDestination';

const namePattern = /^[.\-_A-Za-z0-9]{1,64}$/;

/** @throws ServiceError ValidationException when the template gives a name that is not a text */
export function nameOf(request: ResourceRequest): string {
  const name = ownMember(request.properties, 'Name') ?? generatedName(request);
  if (typeof name === 'string') return name;
  throw new ServiceError('ValidationException', 'Property Name must be a text.');
}

/** What DescribeConnection or DescribeApiDestination answers; undefined when there is none of that name. */
export async function describe(work: Work, type: NamedType, name: string): Promise<JsonObject | undefined> {
  // A name that is not valid gets its refusal from the operation that creates.
  return namePattern.test(name) ? await find(work, `Describe${type}`, { Name: name }) : undefined;
}

export function arnOf(type: NamedType, description: JsonObject): string {
  const arn = ownMember(description, `${type}Arn`);
  return typeof arn === 'string' ? arn : '';
}

function isOwn(work: Work, type: NamedType, description: JsonObject): boolean {
  return hasCreated(work.request, parseEventsArn(arnOf(type, description))?.incarnation ?? '');
}

/** Whether the same request has created it before. It comes again when its answer was lost. */
export function isDoneBefore(work: Work, type: NamedType, description: JsonObject): boolean {
  return hasCreatedNow(work.request, parseEventsArn(arnOf(type, description))?.incarnation ?? '');
}

/** @throws ServiceError ResourceAlreadyExistsException when this resource of the template has not created it */
export function requireOwn(work: Work, type: NamedType, description: JsonObject, name: string): void {
  if (isOwn(work, type, description)) return;
  const text = `${type} '${name}' exists, and this resource of the template has not created it. Give another Name, or delete it first.`;
  throw new ServiceError('ResourceAlreadyExistsException', text);
}

/** The values of Fn::GetAtt that AWS::Events::Connection and AWS::Events::ApiDestination have too. */
export function attributesOf(type: NamedType, description: JsonObject): JsonObject {
  const arn = arnOf(type, description);
  return { Name: ownMember(description, 'Name') ?? '', Arn: arn, ArnForPolicy: arn.slice(0, arn.lastIndexOf('/')) };
}

/** The former value of a property that the template no longer has is its default. */
export function description(properties: JsonObject): JsonObject {
  return { Description: ownMember(properties, 'Description') ?? '' };
}

/**
 * CloudFormation deletes with the physical id of the answer to Create. If it got no answer, it makes an id up. Then the name is
 * that of the properties.
 */
export async function removeNamed(work: Work, type: NamedType): Promise<void> {
  const { physicalResourceId = '' } = work.request;
  if (await removeOwn(work, type, physicalResourceId)) return;
  if (isMadeUp(work.request, physicalResourceId)) await removeOwn(work, type, nameOf(work.request));
}

export async function removeOwn(work: Work, type: NamedType, name: string): Promise<boolean> {
  const existing = await describe(work, type, name);
  if (existing === undefined || !isOwn(work, type, existing)) return false;
  await removed(work, `Delete${type}`, { Name: name });
  return true;
}
