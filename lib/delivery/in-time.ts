import { Failure } from '../core/failure/failure.ts';

/** @throws Failure OutOfTime when the signal aborts before the configuration was read */
export async function inTime<Result>(read: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  const cut = Promise.withResolvers<never>();
  const giveUp = () => cut.reject(outOfTime(signal));
  if (signal.aborted) throw outOfTime(signal);
  signal.addEventListener('abort', giveUp);
  try {
    return await Promise.race([read(), cut.promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function outOfTime(signal: AbortSignal): Failure {
  const cause: unknown = signal.reason;
  return new Failure('OutOfTime', 'The invocation had to end before the configuration was read.', { cause });
}
