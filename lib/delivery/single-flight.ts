import { Failure } from '../core/failure/failure.ts';

interface Flight<Result> {
  readonly result: Promise<Result>;
  readonly abandon: AbortController;
  passengers: number;
}

/** Work of which one piece per key is under way at a time, shared by all who ask for it meanwhile. */
export interface Flights<Result> {
  join(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
}

/**
 * Failure policy: who runs out of time leaves, and the work goes on for the others. When the last one has left, it is
 * told to stop, and who asks next starts anew.
 */
export function createFlights<Result>(): Flights<Result> {
  const flights = new Map<string, Flight<Result>>();

  function take(key: string, start: (signal: AbortSignal) => Promise<Result>): Flight<Result> {
    const running = flights.get(key);
    if (running !== undefined) return running;
    const abandon = new AbortController();
    const flight = { result: start(abandon.signal), abandon, passengers: 0 };
    flights.set(key, flight);
    return flight;
  }

  function land(key: string, flight: Flight<Result>): void {
    if (flights.get(key) === flight) flights.delete(key);
  }

  return {
    join(key, signal, start) {
      const outOfTime = () =>
        new Failure('OutOfTime', 'The invocation ended before a token was there.', { cause: signal.reason });
      if (signal.aborted) return Promise.reject(outOfTime());
      const flight = take(key, start);
      flight.passengers += 1;
      return new Promise((resolve, reject) => {
        const leave = () => {
          flight.passengers -= 1;
          if (flight.passengers === 0) {
            land(key, flight);
            flight.abandon.abort(outOfTime());
          }
          reject(outOfTime());
        };
        signal.addEventListener('abort', leave, { once: true });
        const arrive = () => {
          signal.removeEventListener('abort', leave);
          land(key, flight);
        };
        flight.result.then(
          (result) => {
            arrive();
            resolve(result);
          },
          (error: unknown) => {
            arrive();
            reject(error);
          },
        );
      });
    },
  };
}
