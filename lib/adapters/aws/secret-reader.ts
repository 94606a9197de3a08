import type { GetSecretValueCommandInput, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { SecretReader, SecretValue } from '../../ports/delivery.ts';
import { fromAwsError } from './failures.ts';

/** Errors of Secrets Manager for a secret or version that does not exist or is being deleted. */
const absences = new Set(['ResourceNotFoundException', 'InvalidRequestException']);

export function createSecretsManagerSecretReader(client: SecretsManagerClient): SecretReader {
  return {
    async read(secretArn, version) {
      const which = version === 'AWSCURRENT' ? { VersionStage: version } : { VersionId: version };
      return (await readSecret(client, { SecretId: secretArn, ...which }))?.value;
    },
  };
}

/** @returns undefined when the secret or that version does not exist */
export async function readSecret(
  client: SecretsManagerClient,
  which: GetSecretValueCommandInput,
): Promise<{ readonly secretArn: string; readonly value: SecretValue } | undefined> {
  try {
    const answer = await client.send(new GetSecretValueCommand(which));
    const text = answer.SecretString ?? new TextDecoder().decode(answer.SecretBinary);
    return { secretArn: answer.ARN ?? '', value: { version: answer.VersionId ?? '', text } };
  } catch (error) {
    if (error instanceof Error && absences.has(error.name)) return undefined;
    throw fromAwsError(error, 'read the secret');
  }
}
