import type { Context } from 'aws-lambda';

/** The type of the functions that Lambda calls. Each `createHandler` returns such a function. */
export type Handler<Input, Result> = (input: Input, context: Context) => Promise<Result>;

/**
 * The function that Lambda calls. It makes its handler on the first call.
 *
 * @param wire makes the handler from the environment; if it throws, the next call tries again
 * @param load begins to load what the first call will need. Lambda gives a process a whole core until it waits for its first
 *   event, and later only the part that its memory buys. Elsewhere nothing is loaded before the first call. If loading fails,
 *   the first call loads again and reports it
 */
export function createEntry<Input, Result>(
  wire: () => Handler<Input, Result>,
  load?: () => Promise<unknown>,
): Handler<Input, Result> {
  if (process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] !== undefined) load?.().catch(() => undefined);
  let wired: Handler<Input, Result> | undefined;
  return (input, context) => {
    wired ??= wire();
    return wired(input, context);
  };
}
