import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import LineChart, { type LineChartProps } from '@cloudscape-design/components/line-chart';
import type { Overview } from '../../api/overview.ts';
import { useStack } from '../data/settings.tsx';

type Series = LineChartProps<Date>['series'][number];

/** The charts of the overview. */
export function OverviewCharts({ overview }: { readonly overview: Overview }) {
  const { door } = useStack();
  const { PeriodSeconds, Delivered, Failed, P50Milliseconds, P99Milliseconds } = overview;
  const aMinute = (counts: readonly number[]) => counts.map((count) => (count * 60) / PeriodSeconds);
  const half = { colspan: { default: 12, m: 6 } } as const;
  return (
    <Grid gridDefinition={[half, half]}>
      <OverviewChart
        overview={overview}
        title="Deliveries a minute"
        description="Failed events became dead letters."
        unit=""
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
        unit=" ms"
        lines={{ p50: P50Milliseconds, p99: P99Milliseconds }}
      />
    </Grid>
  );
}

interface OverviewChartProps {
  readonly overview: Overview;
  readonly title: string;
  readonly description: string;
  /** After a value, with a space before it. */
  readonly unit: string;
  /** For each line, a value for each period. */
  readonly lines: Readonly<Record<string, readonly (number | null)[]>>;
}

const heightPx = 220;

function OverviewChart({ overview, title, description, unit, lines }: OverviewChartProps) {
  const { Begin, PeriodSeconds, Delivered } = overview;
  const timeOf = (period: number): Date => new Date((Begin + period * PeriodSeconds) * 1000);
  const valueText = (value: number): string => `${Number(value.toPrecision(3)).toLocaleString()}${unit}`;
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
        ariaLabel={title}
        xTitle="Time"
        yTitle=""
        empty={<Box textAlign="center">There are no values in this time.</Box>}
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
