import type { FailureCode } from '../failure/failure.ts';

/** A change in the health of an API destination's endpoint. Times are epoch ms. */
export type HealthEvent = { readonly apiDestination: string } & (
  | {
      /**
       * `unhealthy`: there were too many failures in a row, so only probes are sent from now on. `probe-failed`: a probe has
       * failed, so the endpoint stays unhealthy.
       */
      readonly event: 'unhealthy' | 'probe-failed';
      readonly code: FailureCode;
      /** Failures of the whole fleet since the last answer. */
      readonly failures: number;
      readonly nextProbeAtMs: number;
    }
  | { readonly event: 'healthy'; readonly unhealthyForMs: number }
);
