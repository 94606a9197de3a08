import type { DatabaseSync } from 'node:sqlite';
import { deleteSecret, restoreSecret } from './delete.ts';
import { type Members, parseInput } from './input.ts';
import { describeSecret, getSecretValue, listSecrets, listSecretVersionIds, type SecretsContext } from './read.ts';
import { SecretStore } from './store.ts';
import {
  createSecret,
  putSecretValue,
  tagResource,
  untagResource,
  updateSecret,
  updateSecretVersionStage,
} from './write.ts';
import { awsJsonAnswer, awsJsonRefusal, type LocalService, Refusal } from '../stack/wire.ts';

type Operation = (context: SecretsContext, input: Members) => Members;

const operations: ReadonlyMap<string, Operation> = new Map([
  ['CreateSecret', createSecret],
  ['DeleteSecret', deleteSecret],
  ['DescribeSecret', describeSecret],
  ['GetSecretValue', getSecretValue],
  ['ListSecrets', listSecrets],
  ['ListSecretVersionIds', listSecretVersionIds],
  ['PutSecretValue', putSecretValue],
  ['RestoreSecret', restoreSecret],
  ['TagResource', tagResource],
  ['UntagResource', untagResource],
  ['UpdateSecret', updateSecret],
  ['UpdateSecretVersionStage', updateSecretVersionStage],
]);

export interface SecretsManagerOptions {
  readonly account: string;
  readonly database: DatabaseSync;
  readonly nowMs: () => number;
  /** Creates the secrets that every region has; called before the region's first operation. */
  readonly prepareRegion: (create: (input: Members) => void) => void;
}

/** A local Secrets Manager with the labels, the idempotence and the errors of the service. It stores the values unencrypted. */
export function createSecretsManagerService(options: SecretsManagerOptions): LocalService {
  const store = new SecretStore(options.database);
  const prepared = new Set<string>();
  return async (request) => {
    try {
      const name = (request.headers['x-amz-target'] ?? '').replace(/^secretsmanager\./, '');
      const operation = operations.get(name);
      if (operation === undefined) {
        throw new Refusal(
          'UnknownOperationException',
          `The local stack does not support the Secrets Manager operation ${name}.`,
        );
      }
      const context = { store, region: request.region, account: options.account, nowMs: options.nowMs() };
      prepare(context, prepared, options);
      const input = parseInput(request.body);
      return awsJsonAnswer(
        store.atomically(() => operation(context, input)),
        '1.1',
      );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return awsJsonRefusal(error, '1.1');
    }
  };
}

function prepare(context: SecretsContext, prepared: Set<string>, options: SecretsManagerOptions): void {
  context.store.removePurged(context.nowMs);
  if (prepared.has(context.region)) return;
  options.prepareRegion((input) => {
    const { store, region } = context;
    if (store.find(region, String(input['Name'])) === undefined) {
      store.atomically(() => createSecret(context, input));
    }
  });
  prepared.add(context.region);
}
