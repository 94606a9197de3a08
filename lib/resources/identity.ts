import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { formatPublicId } from '../core/api-key/text.ts';
import type { ChosenIdentity } from '../ports/resources.ts';
import type { ResourceRequest } from './request.ts';

type Owner = Pick<ResourceRequest, 'stackId' | 'logicalResourceId'>;

/**
 * The identity of what a request creates. The UUID names the resource in its stack, then the request. So a connection shows which
 * resource has created it, and a request that comes again finds what it has created before. The last digits are random: if Lambda
 * runs the same request twice at the same time, only one of them creates something, and the other one sees that. The UUID has
 * version 8, which RFC 9562 keeps for such a use.
 */
export function identityOf(request: ResourceRequest, randomUuid: string): ChosenIdentity {
  const owner = ownerDigits(request);
  const uuid = `${owner.slice(0, 12)}8${owner.slice(13)}8${requestDigits(request)}${randomUuid.slice(-7)}`;
  return {
    incarnation: uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    publicId: formatPublicId(Buffer.from(digest([...ownerMembers(request), request.requestId, 'key']), 'hex')),
  };
}

/** Whether this resource of this stack has created what has this UUID. */
export function hasCreated(owner: Owner, incarnation: string): boolean {
  const digits = incarnation.replaceAll('-', '');
  const own = ownerDigits(owner);
  return digits.startsWith(`${own.slice(0, 12)}8${own.slice(13)}8`);
}

/** Whether this very request has created what has this UUID. */
export function hasCreatedNow(request: ResourceRequest, incarnation: string): boolean {
  const digits = incarnation.replaceAll('-', '');
  return hasCreated(request, incarnation) && digits.slice(17, 25) === requestDigits(request);
}

const maximumNameLength = 64;
const suffixLength = 12;

/**
 * The name of a connection or an API destination whose template sets none. It stays the same as long as the resource has its
 * logical id. Its last part is in lower case, so it differs from every id that CloudFormation makes itself.
 */
export function generatedName(owner: Owner): string {
  const suffix = digest([...ownerMembers(owner), 'name']).slice(0, suffixLength);
  const room = maximumNameLength - suffixLength - 2;
  const logical = owner.logicalResourceId.slice(0, room - Math.min(stackNameOf(owner).length, room / 2));
  const stack = stackNameOf(owner).slice(0, room - logical.length);
  return `${stack}-${logical}-${suffix}`;
}

/**
 * Whether CloudFormation has made this physical id itself, because it got no answer to the Create request: name of the stack,
 * logical id, and capital letters and digits.
 */
export function isMadeUp(owner: Owner, physicalResourceId: string): boolean {
  const prefix = `${stackNameOf(owner)}-${owner.logicalResourceId}-`;
  return physicalResourceId.startsWith(prefix) && /^[0-9A-Z]+$/.test(physicalResourceId.slice(prefix.length));
}

/** `arn:aws:cloudformation:us-east-1:123456789012:stack/<name>/<uuid>` */
function stackNameOf({ stackId }: Owner): string {
  return (stackId.split('/')[1] ?? stackId).replaceAll(/[^-A-Za-z0-9]/g, '');
}

function ownerMembers({ stackId, logicalResourceId }: Owner): readonly string[] {
  return [stackId, logicalResourceId];
}

function ownerDigits(owner: Owner): string {
  return digest(ownerMembers(owner)).slice(0, 16);
}

function requestDigits(request: ResourceRequest): string {
  return digest([...ownerMembers(request), request.requestId]).slice(0, 8);
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
