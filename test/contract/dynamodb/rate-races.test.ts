import { createDynamoDbRateBuckets } from '../../../lib/adapters/dynamodb/rate-buckets.ts';
import { createInMemoryRateBuckets } from '../../fakes/in-memory-rate-buckets.ts';
import { describeRateRaces } from './rate-races.ts';
import { tableCallsNames, useDynalite } from './subjects.ts';

const dynalite = useDynalite();

for (const name of tableCallsNames) {
  describeRateRaces(`DynamoDB, ${name}`, async () =>
    createDynamoDbRateBuckets(dynalite.tableCalls()[name], dynalite.server.tableName, 10_000),
  );
}

describeRateRaces('in memory', async () => createInMemoryRateBuckets());
