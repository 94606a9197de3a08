interface MetricEntry {
  /** The unit's name in CloudWatch. */
  readonly unit: 'Count' | 'Milliseconds';
  readonly meaning: string;
}

/**
 * Every metric of a stack. Alarms and dashboards are built on these names. A test compares this list with the table in
 * docs/guide/reference.md.
 */
export const metrics = {
  Attempts: { unit: 'Count', meaning: 'attempts that sent a request to an endpoint' },
  Deliveries: { unit: 'Count', meaning: 'events that an endpoint has accepted' },
  RetryableFailures: {
    unit: 'Count',
    meaning:
      'failures that may be temporary: an attempt that can be retried, or an event that went back to its sender because nothing could take it',
  },
  PermanentFailures: { unit: 'Count', meaning: 'events that failed for good, whether or not retries were left' },
  DeadLetters: { unit: 'Count', meaning: 'events that went to a dead-letter queue, for whatever reason' },
  RateWait: { unit: 'Milliseconds', meaning: 'wait of an attempt for its slot, inside the invocation' },
  Latency: {
    unit: 'Milliseconds',
    meaning: 'time from a request to its answer; a request without an answer is not measured',
  },
  EventAge: { unit: 'Milliseconds', meaning: 'age of an event at the end of each invocation that had it' },
  DestinationsUnhealthy: {
    unit: 'Count',
    meaning:
      'API destinations whose endpoint has failed too often in a row, so that only probes are sent; counted again with each probe that fails',
  },
  ProbesFailed: { unit: 'Count', meaning: 'probes of unhealthy API destinations that have failed' },
  ConnectionsDeauthorized: {
    unit: 'Count',
    meaning: 'connections that a worker deauthorized; calls of `DeauthorizeConnection` do not count',
  },
  EventsNotKept: {
    unit: 'Count',
    meaning: 'events whose text could not be kept; they were delivered as usual',
  },
  StateEventsLost: {
    unit: 'Count',
    meaning: 'state events that could not be put on their event bus',
  },
  KeysRefused: {
    unit: 'Count',
    meaning: 'requests to the control API that were refused for their key or signature',
  },
  SecurityEvents: {
    unit: 'Count',
    meaning: 'requests and changes that were refused for security, and changes of where credentials may go',
  },
} as const satisfies Record<string, MetricEntry>;

export type MetricName = keyof typeof metrics;

type NamesWithUnit<Unit extends MetricEntry['unit']> = {
  [Name in MetricName]: (typeof metrics)[Name]['unit'] extends Unit ? Name : never;
}[MetricName];

export type CountMetric = NamesWithUnit<'Count'>;
export type TimeMetric = NamesWithUnit<'Milliseconds'>;
