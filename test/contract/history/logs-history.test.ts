import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll } from 'vitest';
import { LogsDeliveryHistory } from '../../../lib/adapters/logs-insights/logs-history.ts';
import { createJsonLineDeliveryLog } from '../../../lib/adapters/log/json-lines.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import type { LogsServer } from '../../servers/aws/logs-server.ts';
import { startLogsServer } from '../../servers/aws/logs-server.ts';
import type { HistorySubject } from './delivery-history.ts';
import { describeDeliveryHistory } from './delivery-history.ts';
import { describeNewRecords } from './new-records.ts';

let server: LogsServer;
beforeAll(async () => {
  server = await startLogsServer();
});
afterAll(() => server.stop());

const logGroups = ['/aws/lambda/lastmile-prod-deliver', '/aws/lambda/lastmile-prod-deliver-queued'];

async function createSubject(): Promise<HistorySubject> {
  for (const region of ['us-east-1', 'eu-west-1']) for (const group of logGroups) server.createGroup(region, group);
  const clock = createManualClock();
  let lines = 0;
  return {
    history: new LogsDeliveryHistory({
      clientOf: (region) => new CloudWatchLogsClient({ ...server.clientConfig, region }),
      logGroups,
      clock: { nowMs: clock.nowMs, delay: async () => {} },
    }),
    logOf: (region) =>
      createJsonLineDeliveryLog((line) =>
        server.append(region, logGroups[lines++ % 2] ?? '', Math.floor(clock.nowMs()), line),
      ),
    advance: (ms) => clock.advance(ms),
    nowMs: clock.nowMs,
  };
}

describeDeliveryHistory('in CloudWatch Logs', createSubject);
describeNewRecords('in CloudWatch Logs', createSubject);
