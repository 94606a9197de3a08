import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { metrics } from '../../../lib/core/delivery/metrics.ts';

const load = createRequire(import.meta.url);

test('the dashboard shows exactly the metrics that the functions write, and alarms watch no others', () => {
  const { alarms } = load('../../../infra/template/alarms.cjs') as {
    alarms: (stack: string, parameters: object) => object;
  };
  const { dashboard } = load('../../../infra/template/dashboard.cjs') as {
    dashboard: (stack: string, ids: string[]) => object;
  };
  const alarmed = JSON.stringify(alarms('lastmile-test', { functionTimeoutSeconds: 60 }));
  const { Properties } = dashboard('lastmile-test', []) as { Properties: { DashboardBody: object } };
  const shown = JSON.stringify(Properties.DashboardBody).replaceAll('\\"', '"');
  const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name);
  const names = Object.keys(metrics);
  const alarmedNames = namesIn(alarmed, /"Namespace":"Lastmile","MetricName":"(\w+)"/g);
  expect(alarmedNames).toContain('ConnectionsDeauthorized');
  expect(names).toEqual(expect.arrayContaining(alarmedNames));
  expect([...new Set(namesIn(shown, /\["Lastmile","(\w+)","Stack","lastmile-test"/g))].sort()).toEqual(names.sort());
});
