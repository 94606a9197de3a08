import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import { isPlaceholder } from './credentials.ts';
import type { ApiDestination, LastmileConnection, LastmileState } from './descriptions.ts';

/** An operation of the control API of Lastmile. Rejects when it is refused. */
export type ControlApi = (operation: string, input: JsonObject) => Promise<JsonObject>;

/**
 * @param names the connections that may be needed; only they are described
 * @param destinationIn reads one entry of ListApiDestinations
 */
export async function readLastmile(
  call: ControlApi,
  names: ReadonlySet<string>,
  destinationIn: (listed: JsonObject) => ApiDestination,
): Promise<LastmileState> {
  const connections: LastmileConnection[] = [];
  for (const { Name, ConnectionArn, AuthorizationType } of await listed(call, 'Connections')) {
    const name = String(Name);
    if (!names.has(name)) continue;
    const { AuthParameters } = await call('DescribeConnection', { Name: name });
    connections.push({
      name,
      arn: String(ConnectionArn),
      authorizationType: String(AuthorizationType),
      hasPlaceholder: isJsonObject(AuthParameters) && isPlaceholder(AuthParameters),
    });
  }
  return { connections, destinations: (await listed(call, 'ApiDestinations')).map(destinationIn) };
}

async function listed(call: ControlApi, kind: 'Connections' | 'ApiDestinations'): Promise<readonly JsonObject[]> {
  const entries: JsonObject[] = [];
  let token: JsonValue | undefined;
  do {
    const answer = await call(`List${kind}`, token === undefined ? {} : { NextToken: token });
    const list = ownMember(answer, kind);
    if (Array.isArray(list)) entries.push(...list.filter((entry: JsonValue) => isJsonObject(entry)));
    token = answer['NextToken'];
  } while (token !== undefined);
  return entries;
}
