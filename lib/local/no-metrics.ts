import type { InvocationMetrics } from '../metrics-ports.ts';

/** A laptop has no CloudWatch: metrics would only stand between the lines that a person reads. */
export const noMetrics: InvocationMetrics = {
  count: () => undefined,
  time: () => undefined,
  during: (_signal, invocation) => invocation(),
};
