import { type Members, optionalInteger, optionalText, optionalTexts, requiredText, structures } from './input.ts';
import { labelsOf, versionsByLabel } from './labels.ts';
import type { SecretStore, StoredSecret } from './store.ts';
import { Refusal } from '../stack/wire.ts';

/** The store, and the region, account and time of one call. */
export interface SecretsContext {
  readonly store: SecretStore;
  readonly region: string;
  readonly account: string;
  readonly nowMs: number;
}

const dayMs = 86_400_000;

/** @throws Refusal ResourceNotFoundException */
export function findSecret({ store, region }: SecretsContext, secretId: string): StoredSecret {
  const secret = store.find(region, secretId);
  if (secret !== undefined) return secret;
  throw new Refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
}

/** @throws Refusal ResourceNotFoundException, or InvalidRequestException for a secret that is marked for deletion */
export function findUsable(context: SecretsContext, secretId: string): StoredSecret {
  const secret = findSecret(context, secretId);
  if (secret.deletedAtMs === null) return secret;
  throw new Refusal(
    'InvalidRequestException',
    "You can't perform this operation on the secret because it was marked for deletion.",
  );
}

export function getSecretValue(context: SecretsContext, input: Members): Members {
  const { store, nowMs } = context;
  const secret = findUsable(context, requiredText(input, 'SecretId'));
  const versionId = findVersionId(store, secret, input);
  const version = store.version(secret.arn, versionId);
  if (version === undefined) throw noValue(`VersionId: ${versionId}`);
  const accessedAtMs = nowMs - (nowMs % dayMs);
  if (accessedAtMs !== secret.accessedAtMs) store.update({ ...secret, accessedAtMs });
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    ...(version.text === null ? {} : { SecretString: version.text }),
    ...(version.binary === null ? {} : { SecretBinary: Buffer.from(version.binary).toString('base64') }),
    VersionStages: labelsOf(store.labels(secret.arn), version.id),
    CreatedDate: seconds(version.createdAtMs),
  };
}

function findVersionId(store: SecretStore, secret: StoredSecret, input: Members): string {
  const asked = optionalText(input, 'VersionId');
  const label = optionalText(input, 'VersionStage');
  if (asked !== undefined && label === undefined) return asked;
  const labelled = store.labels(secret.arn).get(label ?? 'AWSCURRENT');
  if (labelled === undefined) throw noValue(`staging label: ${label ?? 'AWSCURRENT'}`);
  if (asked === undefined || asked === labelled) return labelled;
  throw new Refusal(
    'InvalidRequestException',
    'You provided a VersionStage that is not associated to the provided VersionId.',
  );
}

export function describeSecret(context: SecretsContext, input: Members): Members {
  const secret = findSecret(context, requiredText(input, 'SecretId'));
  const versions = versionsByLabel(context.store.labels(secret.arn));
  return { ...describe(secret), ...(Object.keys(versions).length === 0 ? {} : { VersionIdsToStages: versions }) };
}

export function listSecrets({ store, region }: SecretsContext, input: Members): Members {
  const limit = optionalInteger(input, 'MaxResults', 1, 100) ?? 100;
  const after = Buffer.from(optionalText(input, 'NextToken') ?? '', 'base64url').toString();
  const includeDeleted = input['IncludePlannedDeletion'] === true;
  const wanted = filterOf(input);
  const found: StoredSecret[] = [];
  let last = after;
  for (;;) {
    const rows = store.list(region, { after: last, limit: 100, includeDeleted });
    for (const secret of rows) {
      if (!wanted(secret)) continue;
      if (found.length === limit) return page(store, found, true);
      found.push(secret);
    }
    if (rows.length < 100) return page(store, found, false);
    last = rows.at(-1)?.name ?? last;
  }
}

function page(store: SecretStore, secrets: readonly StoredSecret[], more: boolean): Members {
  const SecretList = secrets.map((secret) => ({
    ...describe(secret),
    SecretVersionsToStages: versionsByLabel(store.labels(secret.arn)),
  }));
  const last = secrets.at(-1)?.name ?? '';
  return { SecretList, ...(more ? { NextToken: Buffer.from(last).toString('base64url') } : {}) };
}

/** Supports filters by name and by owning service. A value must be the beginning of the name or of the service. */
function filterOf(input: Members): (secret: StoredSecret) => boolean {
  const groups = structures(input, 'Filters').map((filter) => {
    const read = filterKeys.get(filter['Key']);
    if (read !== undefined) return { read, prefixes: optionalTexts(filter, 'Values') ?? [] };
    const known = [...filterKeys.keys()].join(' or ');
    throw new Refusal('InvalidParameterException', `The local stack supports only filters with the key ${known}.`);
  });
  return (secret) =>
    groups.every(({ read, prefixes }) => prefixes.some((prefix) => read(secret)?.startsWith(prefix) === true));
}

const filterKeys: ReadonlyMap<unknown, (secret: StoredSecret) => string | undefined> = new Map<
  string,
  (secret: StoredSecret) => string | undefined
>([
  ['name', ({ name }) => name],
  ['owning-service', ownerOf],
]);

export function listSecretVersionIds(context: SecretsContext, input: Members): Members {
  const secret = findSecret(context, requiredText(input, 'SecretId'));
  const labels = context.store.labels(secret.arn);
  const versions = context.store.versions(secret.arn).map(({ id, createdAtMs }) => {
    const stages = labelsOf(labels, id);
    const VersionStages = stages.length === 0 ? {} : { VersionStages: stages };
    return { VersionId: id, ...VersionStages, CreatedDate: seconds(createdAtMs) };
  });
  const listed = input['IncludeDeprecated'] === true ? versions : versions.filter((each) => 'VersionStages' in each);
  return { ARN: secret.arn, Name: secret.name, Versions: listed };
}

/** The tag that names the service to which a secret belongs. Source: Secrets Manager user guide, managed secrets. */
const ownerTag = 'aws:secretsmanager:owningService';

/** Only a service can create a secret whose name has an exclamation mark, such as `events!connection/shop/1`. */
function ownerOf({ name }: StoredSecret): string | undefined {
  return /^([a-z0-9-]+)!/.exec(name)?.[1];
}

function describe(secret: StoredSecret): Members {
  const owner = ownerOf(secret);
  const tags = [...(owner === undefined ? [] : [{ Key: ownerTag, Value: owner }]), ...tagsOf(secret)];
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.description === null ? {} : { Description: secret.description }),
    ...(secret.kmsKeyId === null ? {} : { KmsKeyId: secret.kmsKeyId }),
    CreatedDate: seconds(secret.createdAtMs),
    LastChangedDate: seconds(secret.changedAtMs),
    ...(secret.accessedAtMs === null ? {} : { LastAccessedDate: seconds(secret.accessedAtMs) }),
    ...(secret.deletedAtMs === null ? {} : { DeletedDate: seconds(secret.deletedAtMs) }),
    ...(tags.length === 0 ? {} : { Tags: tags }),
    ...(owner === undefined ? {} : { OwningService: owner }),
  };
}

export function tagsOf(secret: StoredSecret): readonly Members[] {
  return JSON.parse(secret.tags) as readonly Members[];
}

export function seconds(epochMs: number): number {
  return epochMs / 1000;
}

function noValue(what: string): Refusal {
  return new Refusal('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${what}`);
}
