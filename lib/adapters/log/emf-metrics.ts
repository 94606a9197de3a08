import type { MetricName } from '../../core/delivery/metrics.ts';
import { metrics } from '../../core/delivery/metrics.ts';
import type { InvocationMetrics } from '../../ports/metrics.ts';

export interface EmfMetricsOptions {
  /** Writes one line, which ends with a line break. */
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
  /** Value of the dimension `Stack`. */
  readonly stackName: string;
  /** Whether metrics are also shown for each API destination. */
  readonly perDestination: boolean;
}

const namespace = 'Lastmile';

/** The most values of one metric in a document. Source: CloudWatch user guide, "Specification: Embedded metric format". */
const maxValues = 100;

/** The values of one API destination, or of the stack: counts are summed, times are listed. */
type Values = Map<MetricName, number | number[]>;

/**
 * Writes metrics in CloudWatch's embedded metric format: CloudWatch makes metrics from a line of JSON on the function's standard
 * output. An invocation writes one document, or one for each of its API destinations when these are shown separately. It writes
 * more only if a metric has more values than a document may hold. The code is written by hand, because a library makes a cold
 * start longer; docs/decisions/testing-and-tools.md has the figures.
 *
 * Failure policy: metrics that cannot be written are lost, and no metric is written twice.
 */
export function createEmfMetrics({ write, nowMs, stackName, perDestination }: EmfMetricsOptions): InvocationMetrics {
  let collected = new Map<string | undefined, Values>();
  let timeIsOut = false;

  function valuesOf(apiDestination: string | undefined): Values {
    const key = perDestination ? apiDestination : undefined;
    const values: Values = collected.get(key) ?? new Map();
    collected.set(key, values);
    return values;
  }

  function flush(): void {
    const drained = collected;
    collected = new Map();
    for (const [apiDestination, values] of drained) {
      const dimensions = { Stack: stackName, ...(apiDestination !== undefined && { ApiDestination: apiDestination }) };
      writeOrLose(write, formatDocument(values, dimensions, nowMs()));
    }
  }

  return {
    count(name, apiDestination) {
      const values = valuesOf(apiDestination);
      const sum = values.get(name);
      values.set(name, typeof sum === 'number' ? sum + 1 : 1);
      if (timeIsOut) flush();
    },
    time(name, durationMs, apiDestination) {
      const values = valuesOf(apiDestination);
      const durations = values.get(name);
      if (Array.isArray(durations)) durations.push(durationMs);
      else values.set(name, [durationMs]);
      if (timeIsOut || (Array.isArray(durations) && durations.length === maxValues)) flush();
    },
    async during(signal, invocation) {
      const hurry = () => {
        timeIsOut = true;
        flush();
      };
      if (signal.aborted) hurry();
      signal.addEventListener('abort', hurry, { once: true });
      try {
        return await invocation();
      } finally {
        signal.removeEventListener('abort', hurry);
        timeIsOut = false;
        flush();
      }
    },
  };
}

function formatDocument(values: Values, dimensions: Readonly<Record<string, string>>, nowMs: number): string {
  const names = Object.keys(dimensions);
  const directive = {
    Namespace: namespace,
    // Each set of dimensions makes a metric of its own: one for the stack, and one for the API destination within it.
    Dimensions: names.map((_name, index) => names.slice(0, index + 1)),
    Metrics: [...values.keys()].map((Name) => ({ Name, Unit: metrics[Name].unit })),
  };
  const metadata = { Timestamp: Math.trunc(nowMs), CloudWatchMetrics: [directive] };
  return `${JSON.stringify({ _aws: metadata, ...dimensions, ...Object.fromEntries(values) })}\n`;
}

function writeOrLose(write: (line: string) => void, line: string): void {
  try {
    write(line);
  } catch {
    // A delivery must not fail because its metrics cannot be written.
  }
}
