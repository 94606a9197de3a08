/** Kept free at the end of every invocation for settling, ms: both tries of a write to a queue fit into it. */
export const settleReserveMs = 5000;

/** The longest that anybody waits for a slot of the rate, ms: that of a delivery in a queue batch. */
export const longestSlotWaitMs = 2000;

/** What a worker that knows nothing yet needs before its first request, ms: destination, connection and secret are read. */
const preparationMs = 1000;

/**
 * The longest request, in ms, that a function with this time limit can make: it prepares, waits for a slot, sends, and still has
 * its time for settling. A longer one would find no slot of a busy destination, or never begin.
 */
export function longestRequestTimeoutMs(functionTimeoutSeconds: number): number {
  return functionTimeoutSeconds * 1000 - preparationMs - longestSlotWaitMs - settleReserveMs;
}

/** Source: Lambda developer guide, Amazon SQS event sources: six times the function's time limit, for its own retries. */
export function visibilityTimeoutSeconds(functionTimeoutSeconds: number): number {
  return 6 * functionTimeoutSeconds;
}
