import { expect, test } from 'vitest';
import {
  createInput,
  draftOfConnection,
  emptyConnection,
  updateInput,
} from '../../../lib/console/page/connections/connection-draft.ts';
import { parameterPath } from '../../../lib/console/page/connections/http-parameters.ts';

const parameter = { key: 'scope', value: 'write', isSecret: false };

const stored = draftOfConnection({
  Name: 'crm',
  Description: 'the CRM',
  AuthorizationType: 'BASIC',
  AuthParameters: { BasicAuthParameters: { Username: 'admin' } },
});

test('a new OAuth connection sends each parameter in the list of its place', () => {
  const input = createInput({
    ...emptyConnection,
    name: 'crm',
    authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    authorizationEndpoint: 'https://login.example.com/token',
    clientId: 'id',
    clientSecret: 'secret',
    oauthParameters: [
      { place: 'BodyParameters', ...parameter },
      { place: 'HeaderParameters', ...parameter, isSecret: true },
    ],
  });
  expect(input).toEqual({
    Name: 'crm',
    AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
    AuthParameters: {
      OAuthParameters: {
        AuthorizationEndpoint: 'https://login.example.com/token',
        HttpMethod: 'POST',
        ClientParameters: { ClientID: 'id', ClientSecret: 'secret' },
        OAuthHttpParameters: {
          HeaderParameters: [{ Key: 'scope', Value: 'write', IsValueSecret: true }],
          BodyParameters: [{ Key: 'scope', Value: 'write', IsValueSecret: false }],
        },
      },
    },
  });
});

test('a change of the description alone sends no credentials, so that a connection keeps its token', () => {
  expect(updateInput({ ...stored, description: 'ours' }, stored)).toEqual({ Name: 'crm', Description: 'ours' });
});

test('an empty password is left out of a change, so that the stored one stays', () => {
  expect(updateInput({ ...stored, username: 'root' }, stored)).toEqual({
    Name: 'crm',
    AuthParameters: { BasicAuthParameters: { Username: 'root' } },
  });
});

test('a change to another authorization type sends the type and its credentials', () => {
  const draft = { ...stored, authorizationType: 'API_KEY', apiKeyName: 'x-key', apiKeyValue: 'v' } as const;
  expect(updateInput(draft, stored)).toEqual({
    Name: 'crm',
    AuthorizationType: 'API_KEY',
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'v' } },
  });
});

test('replacing the parameters of a connection with an empty list removes all of them', () => {
  expect(updateInput({ ...stored, invocationParameters: [] }, stored)).toEqual({
    Name: 'crm',
    AuthParameters: { InvocationHttpParameters: {} },
  });
});

test('the path of a parameter counts only the parameters that go to the same part of the request', () => {
  const rows = [
    { place: 'BodyParameters', ...parameter },
    { place: 'HeaderParameters', ...parameter },
    { place: 'BodyParameters', ...parameter },
  ] as const;
  expect(parameterPath(rows, 2, 'P')).toBe('P.BodyParameters[1]');
});
