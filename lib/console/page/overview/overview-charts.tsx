import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import LineChart, { type LineChartProps } from '@cloudscape-design/components/line-chart';
import type { ReactNode } from 'react';
import type { Overview } from '../../api/overview.ts';
import { useStack } from '../data/settings.tsx';
import { Time } from '../parts/time.tsx';
import { durationText } from './duration-text.ts';

type Series = LineChartProps<Date>['series'][number];

/** The charts of the overview. */
export function OverviewCharts({ overview }: { readonly overview: Overview }) {
  const { door } = useStack();
  const { PeriodSeconds, Delivered, Failed, P50Milliseconds, P99Milliseconds, Samples } = overview;
  const aMinute = (counts: readonly number[]) => counts.map((count) => (count * 60) / PeriodSeconds);
  const half = { colspan: { default: 12, m: 6 } } as const;
  const third = { colspan: { default: 12, m: 4 } } as const;
  return (
    <Grid gridDefinition={[half, half, third, third, third]}>
      <OverviewChart
        overview={overview}
        title="Deliveries a minute"
        description="Failed events became dead letters."
        valueText={numberText}
        lines={{ Delivered: aMinute(Delivered), Failed: aMinute(Failed) }}
      />
      <OverviewChart
        overview={overview}
        title={door === 'local' ? 'Time of a delivery' : 'Time until an answer'}
        description={
          door === 'local'
            ? 'Half of the deliveries took at most p50, and 99 % at most p99, without waits for the rate.'
            : 'Half of the requests took at most p50, and 99 % at most p99.'
        }
        valueText={(ms) => `${numberText(ms)} ms`}
        lines={{ p50: P50Milliseconds, p99: P99Milliseconds }}
      />
      <OverviewChart
        overview={overview}
        title="Waiting events"
        description={
          door === 'local' ? (
            <>
              Counted each minute since <Time seconds={Samples.Since} />.
            </>
          ) : (
            'All messages in the delivery queue.'
          )
        }
        valueText={wholeText}
        lines={{ 'Waiting events': fromTheSecond(Samples.WaitingEvents) }}
        empty={noSecondValue}
      />
      <OverviewChart
        overview={overview}
        title="Oldest wait"
        description="How long the oldest waiting event had waited."
        valueText={durationText}
        lines={{ 'Oldest wait': fromTheSecond(Samples.OldestWaitSeconds) }}
        empty={noSecondValue}
      />
      <OverviewChart
        overview={overview}
        title="Open circuits"
        description={
          door === 'local'
            ? 'API destinations whose events wait for a probe.'
            : 'Circuits that opened, and probes that failed.'
        }
        valueText={wholeText}
        lines={{ 'Open circuits': fromTheSecond(Samples.OpenCircuits) }}
        empty={noSecondValue}
      />
    </Grid>
  );
}

/** A single value would be a line without length, so the chart stays empty until there is a second one. */
function fromTheSecond(values: readonly (number | null)[]): readonly (number | null)[] {
  return values.filter((value) => value !== null).length < 2 ? values.map(() => null) : values;
}

const noSecondValue = 'The chart begins when two of its periods have a value.';

const numberText = (value: number): string => Number(value.toPrecision(3)).toLocaleString();

/** Counts have no fractions, so only whole numbers are written beside the axis. */
const wholeText = (value: number): string => (Number.isInteger(value) ? value.toLocaleString() : '');

interface OverviewChartProps {
  readonly overview: Overview;
  readonly title: string;
  readonly description: ReactNode;
  readonly valueText: (value: number) => string;
  /** For each line, a value for each period. */
  readonly lines: Readonly<Record<string, readonly (number | null)[]>>;
  /** Shown instead of lines without values. */
  readonly empty?: string;
}

const heightPx = 220;

function OverviewChart({
  overview,
  title,
  description,
  valueText,
  lines,
  empty = 'There are no values in this time.',
}: OverviewChartProps) {
  const { Begin, PeriodSeconds, Delivered } = overview;
  const timeOf = (period: number): Date => new Date((Begin + period * PeriodSeconds) * 1000);
  const series = Object.entries(lines).map(
    ([name, values]): Series => ({
      title: name,
      type: 'line',
      data: values.flatMap((value, period) => (value === null ? [] : [{ x: timeOf(period), y: value }])),
      valueFormatter: valueText,
    }),
  );
  const largest = Math.max(1, ...Object.values(lines).flatMap((values) => values.map((value) => value ?? 0)));
  const isLong = PeriodSeconds > 3600;
  return (
    <Container
      header={
        <Header variant="h2" description={description}>
          {title}
        </Header>
      }
    >
      <LineChart
        series={series}
        xScaleType="time"
        xDomain={[timeOf(0), timeOf(Delivered.length)]}
        yDomain={[0, largest * 1.1]}
        xTickFormatter={(time) => (isLong ? dayText(time) : clockText(time))}
        yTickFormatter={valueText}
        detailPopoverFooter={(time) => <Box color="text-body-secondary">{time.toISOString().slice(0, 16)} UTC</Box>}
        height={heightPx}
        hideFilter
        hideLegend={series.length === 1}
        ariaLabel={title}
        xTitle="Time"
        yTitle=""
        empty={<Box textAlign="center">{empty}</Box>}
      />
    </Container>
  );
}

function clockText(time: Date): string {
  return time.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

function dayText(time: Date): string {
  return time.toLocaleString(undefined, { month: 'short', day: 'numeric', hour: '2-digit' });
}
