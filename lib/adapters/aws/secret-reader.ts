import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { SecretReader } from '../../ports/delivery.ts';
import type { GetSecretValue } from './secret-calls.ts';
import { secretReaderOf } from './secret-calls.ts';

/** Reads secrets with an AWS client, for functions that do so rarely. */
export function createSecretsManagerSecretReader(client: SecretsManagerClient): SecretReader {
  return secretReaderOf(getBy(client));
}

export function getBy(client: SecretsManagerClient): GetSecretValue {
  return (which) => client.send(new GetSecretValueCommand(which));
}
