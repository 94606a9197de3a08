import type { FleetClock } from './clock.ts';

export interface FleetQueueOptions<Message> {
  readonly batchSize: number;
  /** How long the first message of a batch waits for other messages. */
  readonly batchWindowMs: number;
  /** The most invocations at the same time. */
  readonly inFlight: number;
  readonly receive: (messages: readonly Message[]) => Promise<void>;
}

/** A queue that hands out its messages in batches, to a limited number of invocations at a time. */
export interface FleetQueue<Message> {
  /** @param delaySeconds whole seconds, 0 to 900 */
  send(message: Message, delaySeconds: number): void;
}

export function createFleetQueue<Message>(clock: FleetClock, options: FleetQueueOptions<Message>): FleetQueue<Message> {
  const { batchSize, batchWindowMs, inFlight, receive } = options;
  const visible: { readonly message: Message; readonly sinceMs: number }[] = [];
  let running = 0;

  function dispatch(): void {
    while (running < inFlight) {
      const oldest = visible[0];
      const isDue = oldest !== undefined && clock.nowMs >= oldest.sinceMs + batchWindowMs;
      if (!isDue && visible.length < batchSize) return;
      const messages = visible.splice(0, batchSize).map(({ message }) => message);
      running += 1;
      void receive(messages).finally(() => {
        running -= 1;
        dispatch();
      });
    }
  }

  return {
    send(message, delaySeconds) {
      if (!Number.isInteger(delaySeconds) || delaySeconds < 0 || delaySeconds > 900) {
        throw new RangeError(`A message cannot be delayed by ${delaySeconds} s.`);
      }
      clock.at(clock.nowMs + delaySeconds * 1000, () => {
        visible.push({ message, sinceMs: clock.nowMs });
        dispatch();
        if (batchWindowMs > 0) clock.at(clock.nowMs + batchWindowMs, dispatch);
      });
    },
  };
}
