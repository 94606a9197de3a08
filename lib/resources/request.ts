import type { AddressAllowlist } from '../core/address/address.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import { parseResponseUrl } from './response-url.ts';

/** A request of CloudFormation. Source: CloudFormation user guide, custom resource request objects. */
export interface ResourceRequest {
  readonly type: 'Create' | 'Update' | 'Delete';
  /** Pre-signed: everybody who has it can answer the request. So it must not appear in an error or a log line. */
  readonly responseUrl: URL;
  readonly stackId: string;
  readonly requestId: string;
  readonly resourceType: string;
  readonly logicalResourceId: string;
  /** Absent for Create. */
  readonly physicalResourceId?: string;
  readonly properties: JsonObject;
  /** The properties before an Update; empty for Create and Delete. */
  readonly formerProperties: JsonObject;
  /** The time after which CloudFormation no longer waits. Default: an hour. */
  readonly serviceTimeoutSeconds?: number;
}

/** The input of the function is not a request of CloudFormation, so it cannot be answered. */
class NotARequest extends Error {
  override readonly name = 'NotARequest';
}

/** @throws NotARequest whose message shows no value of the input */
export function parseResourceRequest(event: unknown, allowlist: AddressAllowlist): ResourceRequest {
  if (!isJsonObject(event)) throw new NotARequest(`${refusal} is not an object.`);
  const type = ownMember(event, 'RequestType');
  if (type !== 'Create' && type !== 'Update' && type !== 'Delete') {
    throw new NotARequest(`${refusal} has a RequestType that is not Create, Update or Delete.`);
  }
  const responseUrl = parseResponseUrl(text(event, 'ResponseURL'), allowlist);
  if (responseUrl === undefined) {
    throw new NotARequest(`${refusal} has a ResponseURL that is not an address of Amazon S3. Nothing was done.`);
  }
  const properties = objectOf(event, 'ResourceProperties');
  return {
    type,
    responseUrl,
    stackId: text(event, 'StackId'),
    requestId: text(event, 'RequestId'),
    resourceType: text(event, 'ResourceType'),
    logicalResourceId: text(event, 'LogicalResourceId'),
    ...(type === 'Create' ? {} : { physicalResourceId: text(event, 'PhysicalResourceId') }),
    properties: declared(properties),
    formerProperties: declared(objectOf(event, 'OldResourceProperties')),
    ...serviceTimeout(ownMember(properties, 'ServiceTimeout')),
  };
}

const refusal = 'This function answers requests of CloudFormation. The input';

/** Properties that CloudFormation needs itself. */
const ofCloudFormation = new Set(['ServiceToken', 'ServiceTimeout']);

function declared(properties: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !ofCloudFormation.has(name)));
}

function serviceTimeout(value: JsonValue | undefined): { readonly serviceTimeoutSeconds?: number } {
  const seconds = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return seconds > 0 ? { serviceTimeoutSeconds: seconds } : {};
}

function text(event: JsonObject, name: string): string {
  const value = ownMember(event, name);
  if (typeof value === 'string' && value !== '') return value;
  throw new NotARequest(`${refusal} has no text ${name}.`);
}

function objectOf(event: JsonObject, name: string): JsonObject {
  const value = ownMember(event, name);
  return isJsonObject(value) ? value : {};
}
