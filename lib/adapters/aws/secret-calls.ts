import { Buffer } from 'node:buffer';
import type { GetSecretValueCommandInput, GetSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../../ports/clock.ts';
import type { SecretReader, SecretValue } from '../../ports/delivery.ts';
import { fromAwsError } from './failures.ts';
import { createJsonCalls } from './json-calls.ts';
import type { ServiceSettings } from './service-settings.ts';
import { usualLimits } from './undici-connections.ts';

/** Errors of Secrets Manager for a secret or version that does not exist or is being deleted. */
const absences = new Set(['ResourceNotFoundException', 'InvalidRequestException']);

/** Rejects with the errors of the AWS client. */
export type GetSecretValue = (
  which: GetSecretValueCommandInput,
) => Promise<Pick<GetSecretValueCommandOutput, 'ARN' | 'VersionId' | 'SecretString' | 'SecretBinary'>>;

/**
 * Reads secrets by signed calls.
 *
 * @param settings the configuration of the client for Secrets Manager
 */
export function createSignedSecretReader(settings: ServiceSettings, clock: Clock): SecretReader {
  const service = { settings, target: 'secretsmanager', protocolVersion: '1.1' } as const;
  const call = createJsonCalls({ ...service, limits: usualLimits, clock });
  return secretReaderOf(async (which) => {
    const answer = await call('GetSecretValue', which);
    const { SecretBinary: base64 } = answer;
    return { ...answer, ...(typeof base64 === 'string' && { SecretBinary: Buffer.from(base64, 'base64') }) };
  });
}

export function secretReaderOf(get: GetSecretValue): SecretReader {
  return {
    async read(secretArn, version) {
      const which = version === 'AWSCURRENT' ? { VersionStage: version } : { VersionId: version };
      return (await readSecretBy(get, { SecretId: secretArn, ...which }))?.value;
    },
  };
}

/** @returns undefined when the secret or that version does not exist */
export async function readSecretBy(
  get: GetSecretValue,
  which: GetSecretValueCommandInput,
): Promise<{ readonly secretArn: string; readonly value: SecretValue } | undefined> {
  try {
    const answer = await get(which);
    const text = answer.SecretString ?? new TextDecoder().decode(answer.SecretBinary);
    return { secretArn: answer.ARN ?? '', value: { version: answer.VersionId ?? '', text } };
  } catch (error) {
    if (error instanceof Error && absences.has(error.name)) return undefined;
    throw fromAwsError(error, 'read the secret');
  }
}
