import { CreateSecretCommand, DescribeSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createSecretsManagerClient } from '../../../lib/adapters/aws/clients.ts';
import { createSignedSecretReader } from '../../../lib/adapters/aws/secret-calls.ts';
import { createSecretsManagerSecretReader } from '../../../lib/adapters/aws/secret-reader.ts';
import { createSecretsManagerSecretWriter } from '../../../lib/adapters/aws/secret-writer.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { SecretWriter } from '../../../lib/ports/control.ts';
import type { SecretReader } from '../../../lib/ports/delivery.ts';
import { createInMemorySecrets } from '../../fakes/in-memory-secrets.ts';
import type { AnswerLosingProxy } from '../../servers/aws/answer-losing-proxy.ts';
import { startAnswerLosingProxy } from '../../servers/aws/answer-losing-proxy.ts';
import type { SecretsManagerServer } from '../../servers/aws/secrets-manager-server.ts';
import { startSecretsManagerServer } from '../../servers/aws/secrets-manager-server.ts';

const started: { server?: SecretsManagerServer; proxy?: AnswerLosingProxy } = {};
let secretCount = 0;

beforeAll(async () => {
  started.server = await startSecretsManagerServer(inject('moto'));
  started.proxy = await startAnswerLosingProxy(started.server.endpoint);
});
afterAll(async () => {
  await started.proxy?.stop();
  await started.server?.stop();
});

function newName(): string {
  secretCount += 1;
  return `lastmile/test/connection/orders/${secretCount}`;
}

function secretsManager() {
  const { server, proxy } = started;
  if (server === undefined || proxy === undefined) throw new Error('Secrets Manager has not been started.');
  const client = createSecretsManagerClient({ ...server.clientConfig, endpoint: proxy.endpoint });
  return {
    client,
    proxy,
    writer: createSecretsManagerSecretWriter(client),
    reader: createSecretsManagerSecretReader(client),
    signedReader: createSignedSecretReader(client.config, systemClock),
  };
}

const subjects: readonly { subject: string; create: () => { writer: SecretWriter; reader: SecretReader } }[] = [
  { subject: 'in Secrets Manager', create: secretsManager },
  {
    subject: 'in Secrets Manager, read by signed calls',
    create() {
      const { writer, signedReader } = secretsManager();
      return { writer, reader: signedReader };
    },
  },
  {
    subject: 'in memory',
    create() {
      const secrets = createInMemorySecrets();
      return { writer: secrets, reader: secrets };
    },
  },
];

describe.each(subjects)('secrets $subject', ({ create }) => {
  test('the first version of a new secret is its current version', async () => {
    const { writer, reader } = create();
    const { secretArn, version } = await writer.create(newName(), 'text');
    expect(await reader.read(secretArn, version)).toEqual({ version, text: 'text' });
    expect(await reader.read(secretArn, 'AWSCURRENT')).toEqual({ version, text: 'text' });
  });

  test('creating a secret a second time succeeds only with the same text', async () => {
    const { writer } = create();
    const name = newName();
    const first = await writer.create(name, 'text');
    expect(await writer.create(name, 'text')).toEqual(first);
    await expect(writer.create(name, 'other')).rejects.toThrow();
  });

  test('an added secret version can be read before it is made current', async () => {
    const { writer, reader } = create();
    const { secretArn, version: first } = await writer.create(newName(), 'first');
    const { version: second } = await writer.addVersion(secretArn, 'second');
    expect(second).not.toBe(first);
    expect(await reader.read(secretArn, second)).toEqual({ version: second, text: 'second' });
    expect(await reader.read(secretArn, 'AWSCURRENT')).toEqual({ version: first, text: 'first' });
    await writer.makeCurrent(secretArn, second);
    expect(await reader.read(secretArn, 'AWSCURRENT')).toEqual({ version: second, text: 'second' });
    expect(await reader.read(secretArn, first)).toEqual({ version: first, text: 'first' });
  });

  test('an older secret version can be made current again', async () => {
    const { writer, reader } = create();
    const { secretArn, version: first } = await writer.create(newName(), 'first');
    const { version: second } = await writer.addVersion(secretArn, 'second');
    await writer.makeCurrent(secretArn, second);
    await writer.makeCurrent(secretArn, second);
    expect((await reader.read(secretArn, 'AWSCURRENT'))?.version).toBe(second);
    await writer.makeCurrent(secretArn, first);
    expect((await reader.read(secretArn, 'AWSCURRENT'))?.version).toBe(first);
  });

  test('an added secret version can be made current even when a later one was added', async () => {
    const { writer, reader } = create();
    const { secretArn } = await writer.create(newName(), 'first');
    const { version: earlier } = await writer.addVersion(secretArn, 'earlier');
    await writer.addVersion(secretArn, 'later');
    await writer.makeCurrent(secretArn, earlier);
    expect(await reader.read(secretArn, 'AWSCURRENT')).toEqual({ version: earlier, text: 'earlier' });
  });

  test('a removed secret cannot be read by its name or its ARN, and removing it again does not fail', async () => {
    const { writer, reader } = create();
    const name = newName();
    const byArn = await writer.create(newName(), 'text');
    const byName = await writer.create(name, 'text');
    await writer.remove(byArn.secretArn);
    await writer.remove(name);
    await writer.remove(name);
    expect(await reader.read(byArn.secretArn, byArn.version)).toBeUndefined();
    expect(await reader.read(byName.secretArn, 'AWSCURRENT')).toBeUndefined();
  });

  test('a secret or version that does not exist reads as undefined', async () => {
    const { writer, reader } = create();
    const { secretArn } = await writer.create(newName(), 'text');
    expect(await reader.read(secretArn, '00000000-0000-0000-0000-000000000000')).toBeUndefined();
    expect(await reader.read(`${secretArn}-other`, 'AWSCURRENT')).toBeUndefined();
  });
});

describe('secrets in Secrets Manager only', () => {
  test('a binary secret reads as its text, by the AWS client and by signed calls', async () => {
    const { client, reader, signedReader } = secretsManager();
    const SecretBinary = Buffer.from('{"a":"\u00e4\u{1f600}"}');
    const { ARN = '', VersionId } = await client.send(new CreateSecretCommand({ Name: newName(), SecretBinary }));
    const expected = { version: VersionId, text: SecretBinary.toString() };
    expect(await reader.read(ARN, 'AWSCURRENT')).toEqual(expected);
    expect(await signedReader.read(ARN, 'AWSCURRENT')).toEqual(expected);
  });

  test('while Secrets Manager does not answer, reading a secret by signed calls fails with a retryable error', async () => {
    const { server } = started;
    const { config } = createSecretsManagerClient({ ...server?.clientConfig, endpoint: 'http://127.0.0.1:1' });
    const reading = createSignedSecretReader(config, systemClock).read('name', 'AWSCURRENT');
    await expect(reading).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });

  test('a secret version that was made current has AWSCURRENT as its only label', async () => {
    const { client, writer } = secretsManager();
    const { secretArn } = await writer.create(newName(), 'first');
    const { version } = await writer.addVersion(secretArn, 'second');
    await writer.makeCurrent(secretArn, version);
    const { VersionStages } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
    expect(VersionStages).toEqual(['AWSCURRENT']);
  });

  test('a write to a secret takes effect only once even if the first answer was lost and the write is repeated', async () => {
    const { client, proxy, writer, reader } = secretsManager();
    proxy.loseNextAnswerTo('CreateSecret');
    const { secretArn, version: first } = await writer.create(newName(), 'first');
    proxy.loseNextAnswerTo('PutSecretValue');
    const { version } = await writer.addVersion(secretArn, 'second');
    proxy.loseNextAnswerTo('UpdateSecretVersionStage');
    await writer.makeCurrent(secretArn, version);
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: secretArn }));
    expect(VersionIdsToStages).toEqual({ [first]: ['AWSPREVIOUS'], [version]: ['AWSCURRENT'] });
    proxy.loseNextAnswerTo('DeleteSecret');
    await writer.remove(secretArn);
    expect(await reader.read(secretArn, version)).toBeUndefined();
    expect(proxy.lostAnswers).toBe(4);
  });

  test('while Secrets Manager does not answer, reading or writing a secret fails, and the error does not show the secret', async () => {
    const { server } = started;
    const client = createSecretsManagerClient({ ...server?.clientConfig, endpoint: 'http://127.0.0.1:1' });
    const failure = await createSecretsManagerSecretWriter(client)
      .create('name', 'canary-text')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'StoreUnavailable' });
    expect(String(failure)).not.toContain('canary');
  });
});
