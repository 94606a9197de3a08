import type { ApiDestinationDetails, ConnectionDetails } from '../data/eventbridge-operations.ts';

const hidden = '••••••';

/** An event as EventBridge would deliver it. */
export function newTestEvent(id: string, now: Date, region: string, account = '123456789012'): string {
  const event = {
    version: '0',
    id,
    'detail-type': 'Test Event',
    source: 'lastmile.console',
    account,
    time: now.toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [],
    detail: { message: 'sent by the console' },
  };
  return JSON.stringify(event, undefined, 2);
}

/** The first lines of the request that an API destination gets. Credentials and secret values are replaced by dots. */
export function requestPreview(destination: ApiDestinationDetails, connection: ConnectionDetails | undefined): string {
  const { AuthParameters: { InvocationHttpParameters: parameters, ...auth } = {} } = connection ?? {};
  const url = new URL(destination.InvocationEndpoint ?? '');
  const query = (parameters?.QueryStringParameters ?? []).map(
    ({ Key, Value, IsValueSecret }) => `${Key}=${IsValueSecret === false ? encodeURIComponent(Value ?? '') : hidden}`,
  );
  const search = [url.search.slice(1), ...query].filter((part) => part !== '').join('&');
  const headers = (parameters?.HeaderParameters ?? []).map(
    ({ Key, Value, IsValueSecret }) => `${Key}: ${IsValueSecret === false ? Value : hidden}`,
  );
  return [
    `${destination.HttpMethod} ${url.pathname}${search === '' ? '' : `?${search}`}`,
    `Host: ${url.host}`,
    ...authorizationHeader(auth),
    ...headers,
    'Content-Type: application/json; charset=utf-8',
  ].join('\n');
}

function authorizationHeader(auth: NonNullable<ConnectionDetails['AuthParameters']>): readonly string[] {
  const { BasicAuthParameters, ApiKeyAuthParameters, OAuthParameters } = auth;
  if (BasicAuthParameters !== undefined) return [`Authorization: Basic ${hidden}`];
  if (OAuthParameters !== undefined) return [`Authorization: Bearer ${hidden}`];
  return ApiKeyAuthParameters === undefined ? [] : [`${ApiKeyAuthParameters.ApiKeyName}: ${hidden}`];
}
