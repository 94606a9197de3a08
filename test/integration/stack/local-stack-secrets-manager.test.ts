import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
  TagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { sharedStack } from '../../fixtures/stack.ts';

let stack: Stack;
let client: SecretsManagerClient;
let clientIn: (region: string) => SecretsManagerClient;
let names = 0;
const token = (letter: string): string => letter.repeat(32);

sharedStack.override('stackOptions', { functions: [] });

sharedStack.beforeAll(({ stack: started, clients, clientsWith }) => {
  stack = started;
  client = clients.secrets;
  clientIn = (region) => clientsWith({ region }).secrets;
});

async function newSecret(text: string, version: string): Promise<string> {
  names += 1;
  const input = { Name: `secret-${names}`, SecretString: text, ClientRequestToken: version };
  const { ARN = '' } = await client.send(new CreateSecretCommand(input));
  return ARN;
}

async function current(SecretId: string): Promise<string | undefined> {
  return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;
}

test('a created secret can be read by its name and by its ARN', async () => {
  const Name = 'events!connection/orders/1';
  const created = await client.send(new CreateSecretCommand({ Name, SecretString: '{"a":1}' }));
  expect(created.ARN).toMatch(
    /^arn:aws:secretsmanager:us-east-1:123456789012:secret:events!connection\/orders\/1-[A-Za-z0-9]{6}$/,
  );
  for (const SecretId of [Name, created.ARN]) {
    const read = await client.send(new GetSecretValueCommand({ SecretId }));
    expect(read).toMatchObject({
      ARN: created.ARN,
      Name,
      SecretString: '{"a":1}',
      VersionId: created.VersionId,
      VersionStages: ['AWSCURRENT'],
    });
    expect(read.CreatedDate).toBeInstanceOf(Date);
  }
});

test('a binary secret is returned unchanged', async () => {
  const SecretBinary = new Uint8Array([0, 255, 10]);
  await client.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary }));
  const read = await client.send(new GetSecretValueCommand({ SecretId: 'bytes' }));
  expect(read.SecretBinary).toEqual(SecretBinary);
  expect(read.SecretString).toBeUndefined();
});

test('a repeated CreateSecret succeeds only with the same token and value', async () => {
  const input = { Name: 'twice', SecretString: 'x', ClientRequestToken: token('a') };
  const first = await client.send(new CreateSecretCommand(input));
  expect((await client.send(new CreateSecretCommand(input))).ARN).toBe(first.ARN);
  for (const other of [{ SecretString: 'y' }, { ClientRequestToken: token('b') }]) {
    await expect(client.send(new CreateSecretCommand({ ...input, ...other }))).rejects.toMatchObject({
      name: 'ResourceExistsException',
      message: 'The operation failed because the secret twice already exists.',
    });
  }
});

test('a new secret value becomes AWSCURRENT, and the old one becomes AWSPREVIOUS', async () => {
  const SecretId = await newSecret('one', token('1'));
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'two', ClientRequestToken: token('2') }));
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'three', ClientRequestToken: token('3') }));
  expect(await current(SecretId)).toBe('three');
  const previous = await client.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' }));
  expect(previous.SecretString).toBe('two');
  const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId }));
  expect(VersionIdsToStages).toEqual({ [token('3')]: ['AWSCURRENT'], [token('2')]: ['AWSPREVIOUS'] });
  const one = await client.send(new GetSecretValueCommand({ SecretId, VersionId: token('1') }));
  expect(one.SecretString).toBe('one');
});

test('a secret value with another label becomes current when AWSCURRENT is moved to it', async () => {
  const SecretId = await newSecret('old', token('1'));
  const put = { SecretId, SecretString: 'new', ClientRequestToken: token('2'), VersionStages: ['PENDING'] };
  const { VersionStages } = await client.send(new PutSecretValueCommand(put));
  expect(VersionStages).toEqual(['PENDING']);
  expect(await current(SecretId)).toBe('old');
  await client.send(
    new UpdateSecretVersionStageCommand({
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: token('2'),
      RemoveFromVersionId: token('1'),
    }),
  );
  expect(await current(SecretId)).toBe('new');
  const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId }));
  expect(VersionIdsToStages).toEqual({ [token('1')]: ['AWSPREVIOUS'], [token('2')]: ['AWSCURRENT', 'PENDING'] });
});

test('AWSCURRENT can only be moved from the version that has it, and cannot be removed', async () => {
  const SecretId = await newSecret('old', token('1'));
  const pending = { SecretId, SecretString: 'new', ClientRequestToken: token('2'), VersionStages: ['PENDING'] };
  await client.send(new PutSecretValueCommand(pending));
  const move = { SecretId, VersionStage: 'AWSCURRENT' };
  for (const wrong of [
    { MoveToVersionId: token('2') },
    { MoveToVersionId: token('2'), RemoveFromVersionId: token('2') },
    { RemoveFromVersionId: token('1') },
  ]) {
    await expect(client.send(new UpdateSecretVersionStageCommand({ ...move, ...wrong }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  }
  expect(await current(SecretId)).toBe('old');
  await client.send(
    new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'PENDING', RemoveFromVersionId: token('2') }),
  );
  const { Versions } = await client.send(new ListSecretVersionIdsCommand({ SecretId }));
  expect(Versions?.map((version) => version.VersionId)).toEqual([token('1')]);
  const all = await client.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true }));
  expect(all.Versions).toHaveLength(2);
});

test('a repeated PutSecretValue succeeds only with the same value', async () => {
  const SecretId = await newSecret('one', token('1'));
  const put = { SecretId, SecretString: 'two', ClientRequestToken: token('2') };
  const first = await client.send(new PutSecretValueCommand(put));
  expect(await client.send(new PutSecretValueCommand(put))).toMatchObject({ VersionId: first.VersionId });
  const other = new PutSecretValueCommand({ ...put, SecretString: 'canary' });
  await expect(client.send(other)).rejects.toMatchObject({
    name: 'ResourceExistsException',
    message: expect.not.stringContaining('canary'),
  });
});

test('reading a secret or version that does not exist fails with the message of Secrets Manager', async () => {
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'nowhere' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: "Secrets Manager can't find the specified secret.",
  });
  const SecretId = await newSecret('x', token('1'));
  const stage = new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' });
  await expect(client.send(stage)).rejects.toThrow(
    "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
  );
  const version = new GetSecretValueCommand({ SecretId, VersionId: token('9') });
  await expect(client.send(version)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  const both = new GetSecretValueCommand({ SecretId, VersionId: token('9'), VersionStage: 'AWSCURRENT' });
  await expect(client.send(both)).rejects.toMatchObject({ name: 'InvalidRequestException' });
});

test('the name of a secret that was deleted without recovery can be used again', async () => {
  const before = await client.send(new CreateSecretCommand({ Name: 'reused', SecretString: '1' }));
  const force = { SecretId: 'reused', ForceDeleteWithoutRecovery: true };
  await client.send(new DeleteSecretCommand(force));
  await expect(client.send(new DescribeSecretCommand({ SecretId: 'reused' }))).rejects.toThrow(/can't find/);
  await client.send(new DeleteSecretCommand(force));
  const after = await client.send(new CreateSecretCommand({ Name: 'reused', SecretString: '2' }));
  expect(after.ARN).not.toBe(before.ARN);
  await expect(client.send(new GetSecretValueCommand({ SecretId: before.ARN }))).rejects.toThrow(/can't find/);
});

test('a secret that is scheduled for deletion cannot be read until it is restored', async () => {
  const SecretId = await newSecret('kept', token('1'));
  const { DeletionDate } = await client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
  const { DeletedDate, Name } = await client.send(new DescribeSecretCommand({ SecretId }));
  expect(Number(DeletionDate) - Number(DeletedDate)).toBe(7 * 86_400_000);
  await expect(client.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject({
    name: 'InvalidRequestException',
    message: "You can't perform this operation on the secret because it was marked for deletion.",
  });
  await expect(client.send(new CreateSecretCommand({ Name, SecretString: 'x' }))).rejects.toThrow(
    /already scheduled for deletion/,
  );
  await client.send(new RestoreSecretCommand({ SecretId }));
  expect(await current(SecretId)).toBe('kept');
});

test('secrets are listed in pages, and can be filtered by a prefix', async () => {
  const other = clientIn('ap-south-1');
  const made = ['page/c', 'page/a', 'page/b', 'other'];
  for (const Name of made) await other.send(new CreateSecretCommand({ Name, SecretString: 'x' }));
  const Filters = [{ Key: 'name' as const, Values: ['page/'] }];
  const first = await other.send(new ListSecretsCommand({ MaxResults: 2, Filters }));
  expect(first.SecretList?.map((secret) => secret.Name)).toEqual(['page/a', 'page/b']);
  const second = await other.send(
    new ListSecretsCommand({ MaxResults: 2, Filters, NextToken: String(first.NextToken) }),
  );
  expect(second.SecretList?.map((secret) => secret.Name)).toEqual(['page/c']);
  expect(second.NextToken).toBeUndefined();
});

test('each region has its own secrets and its own root secret of 32 bytes', async () => {
  await client.send(new CreateSecretCommand({ Name: 'here', SecretString: 'x' }));
  const elsewhere = clientIn('eu-west-1');
  await expect(elsewhere.send(new DescribeSecretCommand({ SecretId: 'here' }))).rejects.toThrow(/can't find/);
  const read = new GetSecretValueCommand({ SecretId: 'lastmile/local/root' });
  const roots = await Promise.all([client.send(read), elsewhere.send(read)]);
  expect(Buffer.from(String(roots[0].SecretString), 'base64')).toHaveLength(32);
  expect(roots[0].SecretString).not.toBe(roots[1].SecretString);
});

test('the description, the value and the tags of a secret can be changed', async () => {
  const SecretId = await newSecret('x', token('1'));
  await client.send(new UpdateSecretCommand({ SecretId, Description: 'about', SecretString: 'y' }));
  await client.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'k', Value: 'v' }] }));
  const described = await client.send(new DescribeSecretCommand({ SecretId }));
  expect(described).toMatchObject({ Description: 'about', Tags: [{ Key: 'k', Value: 'v' }] });
  expect(await current(SecretId)).toBe('y');
});

test("a connection's secret shows that it belongs to EventBridge, and other secrets show no owner", async () => {
  const other = clientIn('ap-south-1');
  const Name = 'events!connection/shop/11111111-2222-3333-4444-555555555555';
  await other.send(new CreateSecretCommand({ Name, SecretString: '{}' }));
  await other.send(new CreateSecretCommand({ Name: 'own', SecretString: '{}' }));
  await other.send(new TagResourceCommand({ SecretId: Name, Tags: [{ Key: 'team', Value: 'a' }] }));
  const owned = {
    Name,
    OwningService: 'events',
    Tags: [
      { Key: 'aws:secretsmanager:owningService', Value: 'events' },
      { Key: 'team', Value: 'a' },
    ],
  };
  expect(await other.send(new DescribeSecretCommand({ SecretId: Name }))).toMatchObject(owned);
  const own = await other.send(new DescribeSecretCommand({ SecretId: 'own' }));
  expect([own.OwningService, own.Tags]).toEqual([undefined, undefined]);
  const Filters = [{ Key: 'owning-service' as const, Values: ['events'] }];
  const listed = await other.send(new ListSecretsCommand({ Filters }));
  expect(listed.SecretList).toMatchObject([owned]);
  expect(listed.SecretList).toHaveLength(1);
});

test('a tag that only services may set is refused', async () => {
  const Tags = [{ Key: 'aws:secretsmanager:owningService', Value: 'events' }];
  const created = client.send(new CreateSecretCommand({ Name: 'tagged', SecretString: 'x', Tags }));
  await expect(created).rejects.toThrow(/must not begin with aws:/);
  const SecretId = await newSecret('x', token('9'));
  await expect(client.send(new TagResourceCommand({ SecretId, Tags }))).rejects.toThrow(/must not begin with aws:/);
});

test('listing secrets with an unknown filter is refused, and the error names the known filters', async () => {
  const Filters = [{ Key: 'description' as const, Values: ['x'] }];
  const text = 'The local stack supports only filters with the key name or owning-service.';
  await expect(client.send(new ListSecretsCommand({ Filters }))).rejects.toThrow(text);
});

test.each([
  ['a name with a blank', { Name: 'a b', SecretString: 'x' }, 'ValidationException'],
  [
    'text and bytes at once',
    { Name: 'n', SecretString: 'x', SecretBinary: new Uint8Array(1) },
    'InvalidParameterException',
  ],
  ['a short token', { Name: 'n', SecretString: 'x', ClientRequestToken: 'short' }, 'InvalidParameterException'],
  ['a value over 64 KiB', { Name: 'n', SecretString: 'x'.repeat(65_537) }, 'ValidationException'],
])('the local Secrets Manager refuses %s', async (_what, input, name) => {
  await expect(client.send(new CreateSecretCommand(input))).rejects.toMatchObject({ name });
});

test('the local Secrets Manager refuses a list of strings in place of structures', async () => {
  const headers = { 'x-amz-target': 'secretsmanager.ListSecrets', 'content-type': 'application/x-amz-json-1.1' };
  const response = await fetch(stack.url, { method: 'POST', headers, body: '{"Filters":[null]}' });
  expect(await response.json()).toEqual({
    __type: 'SerializationException',
    message: 'Member Filters must be a list of structures.',
  });
});

test.each([
  ['half a JSON object', '{', 'SerializationException'],
  ['null', 'null', 'SerializationException'],
  ['a member of the wrong type', '{"SecretId":1}', 'SerializationException'],
])('the local Secrets Manager refuses a body with %s', async (_what, body, type) => {
  const headers = { 'x-amz-target': 'secretsmanager.DescribeSecret', 'content-type': 'application/x-amz-json-1.1' };
  const response = await fetch(stack.url, { method: 'POST', headers, body });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ __type: type });
});
