import {
  CreateConnectionCommand,
  DeauthorizeConnectionCommand,
  DeleteApiDestinationCommand,
  DeleteConnectionCommand,
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  type EventBridgeClient,
  ListApiDestinationsCommand,
  ListConnectionsCommand,
  UpdateApiDestinationCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import type { PrivilegeStory } from './least-privilege-story.ts';
import { account, region } from './least-privilege-story.ts';

export const basic = (Password: string) => ({ BasicAuthParameters: { Username: 'jo', Password } });
const apiKey = (ApiKeyValue: string) => ({ ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue } });
export const oauth = (AuthorizationEndpoint: string, ClientSecret: string) => ({
  OAuthParameters: {
    ClientParameters: { ClientID: 'client', ClientSecret },
    AuthorizationEndpoint,
    HttpMethod: 'POST' as const,
  },
});

/** BASIC credentials in the format of a secret. */
export const basicText = '{"username":"jo","password":"kept"}';
const oauthText = (authorization_endpoint: string) =>
  JSON.stringify({ client_id: 'client', client_secret: 'kept', authorization_endpoint, http_method: 'POST' });

/** Calls every operation of the control API, for each authorization type and each API of keys. */
export async function manage(story: PrivilegeStory): Promise<void> {
  const { events, control, createDestination, tokenUrl } = story;
  const kinds = [
    ['BASIC', basic, basicText],
    ['API_KEY', apiKey, '{"api_key_name":"x-key","api_key_value":"kept"}'],
    ['OAUTH_CLIENT_CREDENTIALS', (secret: string) => oauth(tokenUrl, secret), oauthText(tokenUrl)],
  ] as const;
  for (const [AuthorizationType, parameters, credentials] of kinds) {
    const Name = `managed-${AuthorizationType}`;
    const created = { Name, AuthorizationType, AuthParameters: parameters('first') };
    const { ConnectionArn } = await events.send(new CreateConnectionCommand(created));
    await settled(events, Name);
    await createDestination(Name, ConnectionArn, 200);
    await events.send(new UpdateConnectionCommand({ Name, AuthParameters: parameters('second') }));
    await settled(events, Name);
    await events.send(new DescribeApiDestinationCommand({ Name }));
    await events.send(new UpdateApiDestinationCommand({ Name, InvocationRateLimitPerSecond: 5 }));
    await events.send(new ListConnectionsCommand({}));
    await events.send(new ListApiDestinationsCommand({}));
    await events.send(new ListApiDestinationsCommand({ ConnectionArn }));
    await managePolicies(story, Name, credentials);
    await manageHealth(story, Name);
    await events.send(new DeauthorizeConnectionCommand({ Name }));
    await events.send(new UpdateConnectionCommand({ Name, AuthorizationType, AuthParameters: parameters('third') }));
    await settled(events, Name);
    await events.send(new DeleteApiDestinationCommand({ Name }));
    await events.send(new DeleteConnectionCommand({ Name }));
  }
  for (const apiId of ['control', 'events']) await manageKeys(story, apiId);
  const entry = { Source: 'shop', DetailType: 'Order', Detail: '{}' };
  await control('PutEvents', { Entries: [entry] });
}

async function managePolicies(story: PrivilegeStory, name: string, credentials: string): Promise<void> {
  const { events, control, teamSecretArn, keepCredentials } = story;
  for (const [kind, named, policy] of [
    ['Delivery', { ApiDestinationName: name }, { Signing: { SecretArn: teamSecretArn } }],
    ['Connection', { ConnectionName: name }, { SecretArn: await keepCredentials(credentials) }],
  ] as const) {
    await control(`Put${kind}Policy`, { ...named, ...policy });
    if (kind === 'Connection') await settled(events, name);
    await control(`Get${kind}Policy`, named);
    await control(`Delete${kind}Policy`, named);
  }
}

async function manageHealth({ control }: PrivilegeStory, Name: string): Promise<void> {
  for (const operation of ['Pause', 'Resume']) await control(`${operation}ApiDestination`, { Name });
  await control('GetDestinationHealth', { Name });
  await control('ListDestinationHealth', {});
}

async function manageKeys({ control }: PrivilegeStory, apiId: string): Promise<void> {
  const { apiKey: created } = (await control('CreateApiKey', { apiId })) as { apiKey: { id: string } };
  await control('ListApiKeys', { apiId });
  await control('UpdateApiKey', { apiId, id: created.id, description: 'changed' });
  await control('DeleteApiKey', { apiId, id: created.id });
}

/** Polls until the connection is no longer being authorized. */
export async function settled(events: EventBridgeClient, Name: string): Promise<void> {
  for (;;) {
    const { ConnectionState } = await events.send(new DescribeConnectionCommand({ Name }));
    if (ConnectionState === 'AUTHORIZED') return;
    if (ConnectionState !== 'AUTHORIZING') throw new Error(`${Name} is ${ConnectionState}.`);
  }
}

/** Lists the dead letters, replays one of them, and moves the others. */
export async function redrive({ invoke, control }: PrivilegeStory): Promise<void> {
  await control('ListDeadLetters', {});
  await control('ReplayDelivery', { EventId: 'event-of-deliver-400', ApiDestinationName: 'deliver-400' });
  await invoke('redrive', { dryRun: true });
  const { moved } = (await invoke('redrive', {})) as { moved: number };
  if (moved === 0) throw new Error('No dead letter was there to be moved.');
}

/** Creates, changes and deletes each type of resource that a template may declare. */
export async function declare(story: PrivilegeStory): Promise<void> {
  const { invoke, answersUrl, tokenUrl, teamSecretArn, keepCredentials } = story;
  const ask = async (RequestType: string, type: string, RequestId: string, more: object, id?: string) => {
    const answer = await invoke('resources', {
      RequestType,
      ResponseURL: answersUrl,
      StackId: `arn:aws:cloudformation:${region}:${account}:stack/declared/1`,
      RequestId,
      ResourceType: `Custom::Lastmile${type}`,
      LogicalResourceId: type,
      ...(id !== undefined && { PhysicalResourceId: id }),
      ResourceProperties: more,
    });
    const { status, reason, physicalResourceId } = answer as Record<string, string>;
    if (status !== 'SUCCESS') throw new Error(`${RequestType} ${type}: ${reason}`);
    return physicalResourceId ?? '';
  };
  const kinds = [
    ['BASIC', basic('declared'), basic('changed'), basicText],
    ['OAUTH_CLIENT_CREDENTIALS', oauth(tokenUrl, 'declared'), oauth(tokenUrl, 'changed'), oauthText(tokenUrl)],
  ] as const;
  for (const [AuthorizationType, first, second, credentials] of kinds) {
    const made: [type: string, id: string][] = [];
    const put = async (type: string, created: object, changed: object) => {
      const id = await ask('Create', type, 'create', created);
      made.unshift([type, id]);
      await ask('Update', type, 'update', changed, id);
      return id;
    };
    const name = { Name: `declared-${AuthorizationType}`, AuthorizationType };
    const Name = await put('Connection', { ...name, AuthParameters: first }, { ...name, AuthParameters: second });
    const { ConnectionArn } = await story.events.send(new DescribeConnectionCommand({ Name }));
    const destination = {
      Name,
      ConnectionArn,
      InvocationEndpoint: `${new URL(answersUrl).origin}/200`,
      HttpMethod: 'POST',
    };
    await put('ApiDestination', destination, { ...destination, InvocationRateLimitPerSecond: '5' });
    const signing = { ApiDestinationName: Name, Signing: { SecretArn: teamSecretArn } };
    await put('DeliveryPolicy', signing, { ...signing, Burst: '2' });
    const named = { ConnectionName: Name, SecretArn: await keepCredentials(credentials) };
    await put('ConnectionPolicy', named, { ...named, AllowedHosts: ['127.0.0.1'] });
    const key = { apiId: AuthorizationType === 'BASIC' ? 'control' : 'events' };
    await put('ApiKey', key, { ...key, description: 'changed' });
    await ask('Create', 'ApiKey', 'create', key);
    for (const [type, id] of made) await ask('Delete', type, 'delete', {}, id);
  }
}
