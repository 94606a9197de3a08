import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { SecretWriter } from '../../ports/control.ts';
import { fromAwsError } from './failures.ts';
import { readSecretBy } from './secret-calls.ts';
import { getBy } from './secret-reader.ts';

/** Label of a version that is not current yet. Secrets Manager may remove a version without a label. */
const pendingStage = 'LASTMILE_PENDING';

const currentStage = 'AWSCURRENT';

/**
 * The SDK makes a random version id for every write and sends the same id with each retry, so that a retried write takes
 * effect only once. The id is not derived from the text, because someone who can list the versions could then test guesses of
 * the text.
 */
export function createSecretsManagerSecretWriter(client: SecretsManagerClient): SecretWriter {
  return {
    async create(name, text) {
      try {
        const answer = await client.send(new CreateSecretCommand({ Name: name, SecretString: text }));
        return { secretArn: answer.ARN ?? '', version: answer.VersionId ?? '' };
      } catch (error) {
        const existing = nameOfError(error) === 'ResourceExistsException' ? await readCurrent(client, name) : undefined;
        if (existing?.value.text === text) return { secretArn: existing.secretArn, version: existing.value.version };
        throw fromAwsError(error, 'create the secret');
      }
    },

    async addVersion(secretArn, text) {
      try {
        const answer = await client.send(
          new PutSecretValueCommand({ SecretId: secretArn, SecretString: text, VersionStages: [pendingStage] }),
        );
        return { version: answer.VersionId ?? '' };
      } catch (error) {
        throw fromAwsError(error, 'add a version to the secret');
      }
    },

    async makeCurrent(secretArn, version) {
      try {
        await moveCurrentStage(client, secretArn, version);
      } catch (error) {
        throw fromAwsError(error, 'make the version of the secret current');
      }
    },

    async remove(secretId) {
      try {
        await client.send(new DeleteSecretCommand({ SecretId: secretId, ForceDeleteWithoutRecovery: true }));
      } catch (error) {
        if (nameOfError(error) === 'ResourceNotFoundException') return;
        throw fromAwsError(error, 'remove the secret');
      }
    },
  };
}

function readCurrent(client: SecretsManagerClient, name: string) {
  return readSecretBy(getBy(client), { SecretId: name, VersionStage: currentStage });
}

/**
 * A request that moves a label must name the version that has the label now. When the SDK repeats a move that has already taken
 * effect, the repeated request is therefore refused. The labels are then read again. If they are right, the refusal is ignored.
 */
async function moveCurrentStage(client: SecretsManagerClient, secretArn: string, version: string): Promise<void> {
  const before = await stagesOf(client, secretArn);
  if (!before.get(version)?.includes(currentStage)) {
    const [holder] = [...before].find(([, stages]) => stages.includes(currentStage)) ?? [];
    await unlessDone(
      () =>
        client.send(
          new UpdateSecretVersionStageCommand({
            SecretId: secretArn,
            VersionStage: currentStage,
            MoveToVersionId: version,
            RemoveFromVersionId: holder,
          }),
        ),
      async () => (await stagesOf(client, secretArn)).get(version)?.includes(currentStage) === true,
    );
  }
  if (!before.get(version)?.includes(pendingStage)) return;
  await unlessDone(
    () =>
      client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: secretArn,
          VersionStage: pendingStage,
          RemoveFromVersionId: version,
        }),
      ),
    async () => (await stagesOf(client, secretArn)).get(version)?.includes(pendingStage) !== true,
  );
}

async function unlessDone(write: () => Promise<unknown>, isDone: () => Promise<boolean>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (nameOfError(error) === 'InvalidParameterException' && (await isDone())) return;
    throw error;
  }
}

async function stagesOf(
  client: SecretsManagerClient,
  secretArn: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const answer = await client.send(new DescribeSecretCommand({ SecretId: secretArn }));
  return new Map(Object.entries(answer.VersionIdsToStages ?? {}));
}

function nameOfError(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}
