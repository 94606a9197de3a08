import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { lazy, Suspense } from 'react';
import type { Overview, OverviewRange } from '../../api/overview.ts';
import { isOverviewRange } from '../../api/overview.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { FirstStep } from '../parts/first-step.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { setQuery, usePlace } from '../shell/router.ts';
import { OverviewAlarms } from './overview-alarms.tsx';
import { durationText } from './duration-text.ts';

const ranges: Readonly<Record<OverviewRange, string>> = { '1h': '1 hour', '24h': '24 hours', '7d': '7 days' };

/** The local stack reads its own history. CloudWatch gets new values each minute, and each question to it costs. */
const pollMs = { local: 10_000, stage: 60_000 } as const;

/** The charts are large, so their code comes after the rest of the page. */
const OverviewCharts = lazy(async () => ({ default: (await import('./overview-charts.tsx')).OverviewCharts }));

export function OverviewPage() {
  const { door } = useStack();
  const asked = usePlace().query.get('range');
  const range = isOverviewRange(asked) ? asked : '1h';
  const { output, error, reload } = useAnswer('GetOverview', { Range: range }, () => pollMs[door]);
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <SegmentedControl
              label="Time range"
              selectedId={range}
              options={Object.entries(ranges).map(([id, text]) => ({ id, text }))}
              onChange={({ detail }) => setQuery('range', detail.selectedId)}
            />
            <Button iconName="refresh" ariaLabel="Reload the overview" onClick={reload} />
          </SpaceBetween>
        }
      >
        Overview
      </Header>
      <Refusal error={error} onRetry={reload} />
      {output === undefined && error === undefined && <Center isLoading />}
      {output !== undefined && (
        <SpaceBetween size="l">
          <Now overview={output} range={range} />
          {output.Alarms !== undefined && <OverviewAlarms alarms={output.Alarms} />}
          {isEmpty(output) ? (
            <NothingYet />
          ) : (
            <Suspense fallback={<Center isLoading />}>
              <OverviewCharts overview={output} />
            </Suspense>
          )}
        </SpaceBetween>
      )}
    </SpaceBetween>
  );
}

function isEmpty({ Delivered, Failed, WaitingEvents, Samples }: Overview): boolean {
  const counts = [WaitingEvents, ...Delivered, ...Failed, ...Samples.WaitingEvents];
  return counts.every((count) => count === 0 || count === null);
}

function NothingYet() {
  const { door } = useStack();
  return (
    <Container>
      <FirstStep
        title="No event was delivered in this time"
        action={
          <SpaceBetween direction="horizontal" size="xs" alignItems="center">
            <Button href="/create/api-destination">Create API destination</Button>
            {door === 'local' && <Button href="/create/rule">Create rule</Button>}
          </SpaceBetween>
        }
      >
        An API destination is the URL to which events are sent, and a rule chooses the events. The page of an API
        destination also sends a test event.
      </FirstStep>
    </Container>
  );
}

interface NowProps {
  readonly overview: Overview;
  readonly range: OverviewRange;
}

function Now({ overview, range }: NowProps) {
  const { Delivered, Failed, OpenCircuits, DestinationsRead, WaitingEvents, OldestWaitSeconds, DeadLetters } = overview;
  const among = DestinationsRead === undefined ? '' : ` among the first ${DestinationsRead.toLocaleString()}`;
  return (
    <Container>
      <KeyValuePairs
        columns={3}
        items={[
          { label: `Delivered in ${ranges[range]}`, value: sum(Delivered).toLocaleString() },
          { label: `Failed in ${ranges[range]}`, value: sum(Failed).toLocaleString() },
          {
            label: 'Open circuits',
            value: (
              <Link href="/api-destinations">
                {OpenCircuits.toLocaleString()} {OpenCircuits === 1 ? 'API destination' : 'API destinations'}
                {among}
              </Link>
            ),
          },
          { label: 'Waiting events', value: WaitingEvents.toLocaleString() },
          {
            label: 'Oldest wait',
            value: OldestWaitSeconds === undefined ? '-' : durationText(OldestWaitSeconds),
          },
          { label: 'p50 and p99 of the last deliveries', value: lastTimes(overview) },
          ...(DeadLetters === undefined ? [] : [{ label: 'Dead letters', value: DeadLetters.toLocaleString() }]),
        ]}
      />
    </Container>
  );
}

/** The times of the last period that has any. */
function lastTimes({ P50Milliseconds, P99Milliseconds }: Overview): string {
  const last = P50Milliseconds.findLastIndex((value) => value !== null);
  const times = [P50Milliseconds[last], P99Milliseconds[last]];
  return last < 0 ? '-' : times.map((ms) => `${Math.round(ms ?? 0).toLocaleString()} ms`).join(' and ');
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
