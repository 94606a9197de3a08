import { createDynamoDbRateBuckets } from '../../../lib/adapters/dynamodb/rate-buckets.ts';
import { createInMemoryRateBuckets } from '../../fakes/in-memory-rate-buckets.ts';
import { describeRateRaces } from './rate-races.ts';
import { useDynalite } from './subjects.ts';

const dynalite = useDynalite();

describeRateRaces('DynamoDB', async () =>
  createDynamoDbRateBuckets(dynalite.client(), dynalite.server.tableName, 10_000),
);

describeRateRaces('in memory', async () => createInMemoryRateBuckets());
