import { type Members, optionalInteger, requiredText } from './input.ts';
import { findSecret, findUsable, type SecretsContext, seconds } from './read.ts';
import { Refusal } from '../stack/wire.ts';

const dayMs = 86_400_000;
const defaultRecoveryDays = 30;

/**
 * A forced deletion takes effect at once, and succeeds even for a secret that does not exist. Any other deletion waits for the
 * recovery window.
 */
export function deleteSecret(context: SecretsContext, input: Members): Members {
  const secretId = requiredText(input, 'SecretId');
  const recoveryDays = optionalInteger(input, 'RecoveryWindowInDays', 7, 30);
  if (input['ForceDeleteWithoutRecovery'] === true) return deleteAtOnce(context, secretId, recoveryDays);
  const { store, nowMs } = context;
  const secret = findUsable(context, secretId);
  const purgeAtMs = nowMs + (recoveryDays ?? defaultRecoveryDays) * dayMs;
  store.update({ ...secret, deletedAtMs: nowMs, purgeAtMs });
  return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(purgeAtMs) };
}

function deleteAtOnce({ store, region, nowMs }: SecretsContext, secretId: string, recoveryDays?: number): Members {
  if (recoveryDays !== undefined) {
    throw new Refusal(
      'InvalidParameterException',
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    );
  }
  const secret = store.find(region, secretId);
  if (secret === undefined) return { Name: secretId, DeletionDate: seconds(nowMs) };
  store.remove(secret.arn);
  return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(nowMs) };
}

export function restoreSecret(context: SecretsContext, input: Members): Members {
  const secret = findSecret(context, requiredText(input, 'SecretId'));
  context.store.update({ ...secret, deletedAtMs: null, purgeAtMs: null });
  return { ARN: secret.arn, Name: secret.name };
}
