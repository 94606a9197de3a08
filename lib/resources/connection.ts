import { ServiceError } from '../core/failure/service-error.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import { identityOf } from './identity.ts';
import type { Made, ResourceKind, Work } from './kind.ts';
import { change, find, hasCode, textOf } from './kind.ts';
import {
  attributesOf,
  describe,
  description,
  isDoneBefore,
  nameOf,
  removeNamed,
  removeOwn,
  requireOwn,
} from './named.ts';

const type = 'Connection';

/** Custom::LastmileConnection. Its properties are the members of CreateConnection, and WaitForAuthorization. */
export const connectionKind: ResourceKind = {
  async put(work) {
    const name = nameOf(work.request);
    const { physicalResourceId } = work.request;
    work.made(name);
    const { isNew, isToBeAuthorized } = await write(work, name);
    try {
      if (isToBeAuthorized) await authorized(work, name);
      return await made(work, name);
    } catch (error) {
      // After a failed Update, CloudFormation knows the former id only. So nobody else would remove the new connection.
      if (isNew && physicalResourceId !== undefined && physicalResourceId !== name) await removeOwn(work, type, name);
      throw error;
    }
  },
  remove: (work) => removeNamed(work, type),
};

interface Written {
  readonly isNew: boolean;
  readonly isToBeAuthorized: boolean;
}

/** States of a connection that another operation is changing. After a crash they stay; CreateConnection then replaces the connection. */
const transitional = new Set<JsonValue | undefined>(['CREATING', 'DELETING']);

async function write(work: Work, name: string): Promise<Written> {
  const { request } = work;
  const { WaitForAuthorization: _, ...members } = request.properties;
  const waits = waitsForAuthorization(request.properties);
  for (;;) {
    const existing = await describe(work, type, name);
    if (existing !== undefined) requireOwn(work, type, existing, name);
    const isBusy = existing !== undefined && transitional.has(ownMember(existing, 'ConnectionState'));
    if (existing === undefined || isBusy) {
      try {
        const identity = identityOf(request, work.newUuid());
        await change(work, 'CreateConnection', { ...members, Name: name }, identity);
        return { isNew: true, isToBeAuthorized: waits };
      } catch (error) {
        if (!hasCode(error, 'ResourceAlreadyExistsException')) throw error;
      }
      work.waitsFor(`Connection '${name}' is being created or deleted by another request.`);
      await work.clock.delay(pollMs, work.signal);
      continue;
    }
    // The same request has come again, because its answer was lost.
    if (isDoneBefore(work, type, existing)) return { isNew: true, isToBeAuthorized: waits };
    const credentials = await changedCredentials(work, name, existing);
    const { AuthorizationType: _type, AuthParameters: _parameters, ...others } = members;
    await change(work, 'UpdateConnection', { ...others, Name: name, ...description(members), ...credentials });
    return { isNew: false, isToBeAuthorized: waits && 'AuthParameters' in credentials };
  }
}

/** @throws ServiceError ValidationException */
function waitsForAuthorization(properties: JsonObject): boolean {
  const value = ownMember(properties, 'WaitForAuthorization') ?? true;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new ServiceError('ValidationException', 'Property WaitForAuthorization must be true or false.');
}

/**
 * The credentials that an update sends. It sends none when they are the same as before. While the connection's policy names a
 * secret, the control API refuses new ones, and those of the template are not in use; so they are not sent either.
 */
async function changedCredentials(work: Work, name: string, existing: JsonObject): Promise<JsonObject> {
  const { properties, formerProperties, physicalResourceId } = work.request;
  const asked = credentialsOf(properties);
  const isSame =
    physicalResourceId === name && JSON.stringify(asked) === JSON.stringify(credentialsOf(formerProperties));
  if (isSame) return {};
  const policy = await find(work, 'GetConnectionPolicy', { ConnectionName: name });
  const hasNamedSecret = policy !== undefined && ownMember(policy, 'SecretArn') !== undefined;
  const keepsType = asked.AuthorizationType === ownMember(existing, 'AuthorizationType');
  if (hasNamedSecret && keepsType) return {};
  const given = asked.AuthParameters;
  const AuthParameters = isJsonObject(given) ? withRemovals(given, existing, keepsType) : given;
  return { AuthorizationType: asked.AuthorizationType, AuthParameters };
}

function credentialsOf(properties: JsonObject) {
  return {
    AuthorizationType: ownMember(properties, 'AuthorizationType') ?? null,
    AuthParameters: ownMember(properties, 'AuthParameters') ?? null,
  };
}

/** UpdateConnection keeps HTTP parameters that it does not get. Those that the template no longer has are therefore sent as empty. */
function withRemovals(given: JsonObject, existing: JsonObject, keepsType: boolean): JsonObject {
  const present = member(existing, 'AuthParameters');
  const invocation = leftOut(given, present, 'InvocationHttpParameters');
  const oauth = ownMember(given, 'OAuthParameters');
  if (!keepsType || !isJsonObject(oauth)) return { ...given, ...invocation };
  const presentOauth = member(present, 'OAuthParameters');
  return {
    ...given,
    ...invocation,
    OAuthParameters: { ...oauth, ...leftOut(oauth, presentOauth, 'OAuthHttpParameters') },
  };
}

function leftOut(given: JsonObject, present: JsonObject, name: string): JsonObject {
  return ownMember(given, name) === undefined && ownMember(present, name) !== undefined ? { [name]: {} } : {};
}

function member(object: JsonObject, name: string): JsonObject {
  const value = ownMember(object, name);
  return isJsonObject(value) ? value : {};
}

const pollMs = 1000;

/**
 * Waits until a connection has its first token. BASIC and API_KEY are authorized at once.
 *
 * @throws ServiceError with the reason when the token endpoint refuses
 */
export async function authorized(work: Work, name: string): Promise<void> {
  for (;;) {
    const { ConnectionState: state, StateReason: reason } = (await describe(work, type, name)) ?? {};
    if (state === 'AUTHORIZED') return;
    if (state !== 'AUTHORIZING') {
      const text = `Connection '${name}' is ${textOf(state) || 'gone'}. ${textOf(reason)}`.trimEnd();
      throw new ServiceError('ValidationException', text);
    }
    work.waitsFor(
      `Connection '${name}' is still AUTHORIZING, because its token endpoint gives no answer that can be used.`,
    );
    await work.clock.delay(pollMs, work.signal);
  }
}

async function made(work: Work, name: string): Promise<Made> {
  const described = (await describe(work, type, name)) ?? {};
  const secretArn = ownMember(described, 'SecretArn') ?? '';
  return { physicalResourceId: name, data: { ...attributesOf(type, described), SecretArn: secretArn } };
}
