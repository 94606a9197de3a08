import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { createDynamoDbClient, createSecretsManagerClient } from '../../../lib/adapters/aws/clients.ts';
import { createDynamoDbApiDestinationRepository } from '../../../lib/adapters/dynamodb/api-destinations.ts';
import { createDynamoDbConnectionRepository } from '../../../lib/adapters/dynamodb/connections.ts';
import { createSecretsManagerSecretReader } from '../../../lib/adapters/aws/secret-reader.ts';
import { createSecretsManagerSecretWriter } from '../../../lib/adapters/aws/secret-writer.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { Operation } from '../../../lib/control/operation.ts';
import { createOperations } from '../../../lib/control/operations.ts';
import { createPolicyOperations } from '../../../lib/control/policies/policy-operations.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import { withReadBarrier } from '../../fakes/read-barrier.ts';
import type { DynaliteServer } from '../../servers/aws/dynalite-server.ts';
import { startDynaliteServer } from '../../servers/aws/dynalite-server.ts';
import type { SecretsManagerServer } from '../../servers/aws/secrets-manager-server.ts';
import { startSecretsManagerServer } from '../../servers/aws/secrets-manager-server.ts';
import { loopback } from '../../servers/endpoints/loopback.ts';

interface Started {
  dynalite?: DynaliteServer;
  secretsManager?: SecretsManagerServer;
}

/** Embedded servers for the tests of one file. Each set of operations has its own table. */
export function useControlStack() {
  const started: Started = {};
  beforeAll(async () => {
    started.dynalite = await startDynaliteServer();
    started.secretsManager = await startSecretsManagerServer();
  });
  afterAll(async () => {
    await started.dynalite?.stop();
    await started.secretsManager?.stop();
  });

  return { create: () => createStack(started) };
}

async function createStack({ dynalite, secretsManager }: Started) {
  if (dynalite === undefined || secretsManager === undefined) throw new Error('The servers have not been started.');
  const tableName = await dynalite.newTable();
  const dynamoDb = createDynamoDbClient(dynalite.clientConfig);
  const secrets = createSecretsManagerClient(secretsManager.clientConfig);
  const connections = withReadBarrier(createDynamoDbConnectionRepository(dynamoDb, tableName));
  const apiDestinations = withReadBarrier(createDynamoDbApiDestinationRepository(dynamoDb, tableName));
  const dependencies = {
    connections: connections.port,
    apiDestinations: apiDestinations.port,
    secretWriter: createSecretsManagerSecretWriter(secrets),
    secretReader: createSecretsManagerSecretReader(secrets),
    authorizer: { start: async () => {} },
    credentialsLog: { record: () => undefined },
    clock: systemClock,
    newUuid: randomUUID,
    secretPrefix: 'events!connection/',
    allowlist: loopback,
    functionTimeoutSeconds: 60,
    checkExpression: async () => undefined,
    hasOrderedQueue: true,
  };
  const operations: Readonly<Record<string, Operation>> = {
    ...createOperations(dependencies),
    ...createPolicyOperations(dependencies),
  };
  const caller = { region: 'us-east-1', account: '123456789012', partition: 'aws', requestId: 'request' };
  async function call(name: string, input: JsonObject): Promise<JsonObject> {
    const operation = operations[name];
    if (operation === undefined) throw new Error(`There is no operation ${name}.`);
    return operation(input, caller);
  }
  return { call, secrets, connections, apiDestinations };
}
