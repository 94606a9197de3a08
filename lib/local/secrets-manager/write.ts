import { randomInt, randomUUID } from 'node:crypto';
import { partitionOf } from '../../core/destination/arn.ts';
import {
  type Members,
  optionalText,
  optionalTexts,
  requestToken,
  requiredText,
  type SecretContent,
  sameContent,
  secretContent,
  secretName,
  structures,
} from './input.ts';
import { labelsOf, moveLabel, moveLabelExplicitly } from './labels.ts';
import { findSecret, findUsable, type SecretsContext, tagsOf } from './read.ts';
import type { StoredSecret } from './store.ts';
import { Refusal } from '../stack/wire.ts';

const current = 'AWSCURRENT';

export function createSecret(context: SecretsContext, input: Members): Members {
  const name = secretName(input);
  const content = secretContent(input);
  const token = requestToken(input) ?? randomUUID();
  const existing = context.store.find(context.region, name);
  if (existing !== undefined) return repeatedCreate(context, existing, token, content);
  const { nowMs } = context;
  const secret: StoredSecret = {
    arn: newArn(context, name),
    name,
    description: optionalText(input, 'Description') ?? null,
    kmsKeyId: optionalText(input, 'KmsKeyId') ?? null,
    tags: JSON.stringify(sentTags(input)),
    createdAtMs: nowMs,
    changedAtMs: nowMs,
    accessedAtMs: null,
    deletedAtMs: null,
    purgeAtMs: null,
  };
  context.store.insert(context.region, secret);
  if (content === undefined) return { ARN: secret.arn, Name: name };
  writeVersion(context, secret, { token, content, labels: [current] });
  return { ARN: secret.arn, Name: name, VersionId: token };
}

/**
 * A repeated call gets the same answer as the first one, because clients repeat a call when its answer was lost. Any other
 * call for an existing name is refused.
 */
function repeatedCreate(
  { store }: SecretsContext,
  secret: StoredSecret,
  token: string,
  content: SecretContent | undefined,
): Members {
  if (secret.deletedAtMs !== null) {
    throw new Refusal(
      'InvalidRequestException',
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  const version = store.version(secret.arn, token);
  if (version !== undefined && content !== undefined && sameContent(version, content)) {
    return { ARN: secret.arn, Name: secret.name, VersionId: token };
  }
  throw new Refusal(
    'ResourceExistsException',
    `The operation failed because the secret ${secret.name} already exists.`,
  );
}

export function putSecretValue(context: SecretsContext, input: Members): Members {
  const secret = findUsable(context, requiredText(input, 'SecretId'));
  const content = secretContent(input);
  if (content === undefined) {
    throw new Refusal('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
  }
  const asked = optionalTexts(input, 'VersionStages') ?? [current];
  const first = !context.store.labels(secret.arn).has(current);
  const labels = first && !asked.includes(current) ? [...asked, current] : asked;
  const token = requestToken(input) ?? randomUUID();
  writeVersion(context, secret, { token, content, labels });
  const versionStages = labelsOf(context.store.labels(secret.arn), token);
  return { ARN: secret.arn, Name: secret.name, VersionId: token, VersionStages: versionStages };
}

export function updateSecret(context: SecretsContext, input: Members): Members {
  const found = findUsable(context, requiredText(input, 'SecretId'));
  const content = secretContent(input);
  const secret = {
    ...found,
    description: optionalText(input, 'Description') ?? found.description,
    kmsKeyId: optionalText(input, 'KmsKeyId') ?? found.kmsKeyId,
    changedAtMs: context.nowMs,
  };
  context.store.update(secret);
  if (content === undefined) return { ARN: secret.arn, Name: secret.name };
  const token = requestToken(input) ?? randomUUID();
  writeVersion(context, secret, { token, content, labels: [current] });
  return { ARN: secret.arn, Name: secret.name, VersionId: token };
}

interface VersionWrite {
  readonly token: string;
  readonly content: SecretContent;
  readonly labels: readonly string[];
}

/** A repeated write with the same token and content changes nothing. */
function writeVersion({ store, nowMs }: SecretsContext, secret: StoredSecret, write: VersionWrite): void {
  const existing = store.version(secret.arn, write.token);
  if (existing !== undefined) {
    if (sameContent(existing, write.content)) return;
    throw new Refusal(
      'ResourceExistsException',
      `The version ${write.token} already exists with a different value. Send another ClientRequestToken.`,
    );
  }
  store.addVersion(secret.arn, { id: write.token, ...write.content, createdAtMs: nowMs });
  for (const label of write.labels) moveLabel(store, secret.arn, label, write.token);
  store.update({ ...secret, changedAtMs: nowMs });
}

export function updateSecretVersionStage(context: SecretsContext, input: Members): Members {
  const { store, nowMs } = context;
  const secret = findUsable(context, requiredText(input, 'SecretId'));
  const to = optionalText(input, 'MoveToVersionId');
  if (to !== undefined && store.version(secret.arn, to) === undefined) {
    throw new Refusal('ResourceNotFoundException', `Secrets Manager can't find the specified secret version: ${to}.`);
  }
  const from = optionalText(input, 'RemoveFromVersionId');
  moveLabelExplicitly(store, secret.arn, { label: requiredText(input, 'VersionStage'), from, to });
  store.update({ ...secret, changedAtMs: nowMs });
  return { ARN: secret.arn, Name: secret.name };
}

export function tagResource(context: SecretsContext, input: Members): Members {
  const secret = findSecret(context, requiredText(input, 'SecretId'));
  const added = sentTags(input);
  const keys = new Set(added.map((tag) => tag['Key']));
  const tags = [...tagsOf(secret).filter((tag) => !keys.has(tag['Key'])), ...added];
  context.store.update({ ...secret, tags: JSON.stringify(tags) });
  return {};
}

/** @throws Refusal InvalidParameterException for a tag that only services may set; the text is our own */
function sentTags(input: Members): readonly Members[] {
  const tags = structures(input, 'Tags');
  if (!tags.some(({ Key }) => typeof Key === 'string' && /^aws:/i.test(Key))) return tags;
  throw new Refusal('InvalidParameterException', 'The key of a tag must not begin with aws:, which is reserved.');
}

export function untagResource(context: SecretsContext, input: Members): Members {
  const secret = findSecret(context, requiredText(input, 'SecretId'));
  const removed = new Set<unknown>(optionalTexts(input, 'TagKeys') ?? []);
  const tags = tagsOf(secret).filter((tag) => !removed.has(tag['Key']));
  context.store.update({ ...secret, tags: JSON.stringify(tags) });
  return {};
}

const suffixAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** The six random characters distinguish a secret from an earlier secret of the same name. */
function newArn({ region, account }: SecretsContext, name: string): string {
  const suffix = Array.from({ length: 6 }, () => suffixAlphabet.charAt(randomInt(suffixAlphabet.length))).join('');
  return `arn:${partitionOf(region)}:secretsmanager:${region}:${account}:secret:${name}-${suffix}`;
}
