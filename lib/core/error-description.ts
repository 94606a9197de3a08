/** An error as it may be logged. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  /** The frames alone, without the line that repeats name and message. */
  readonly stack: string;
}

/** Deeper chains of causes are cut; a chain that closes on itself would never end. */
const maxErrors = 5;

/**
 * The error and its causes, outermost first.
 *
 * Failure policy: only name, message and stack are written down, because other members of an SDK's error may hold the
 * answer it came with; and of a SyntaxError not the message either, because `JSON.parse` quotes what it was given.
 */
export function describeErrors(error: unknown): readonly ErrorDescription[] {
  const errors: ErrorDescription[] = [];
  for (let next = error; next !== undefined && errors.length < maxErrors; next = causeOf(next)) {
    errors.push(describeError(next));
  }
  return errors;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) {
    return { name: typeof error, message: 'Something that is no Error was thrown.', stack: '' };
  }
  // A line of the message may look like a frame.
  // Stryker disable next-line StringLiteral: any text of one line in the place of the message makes no frame.
  const withoutMessage = error.stack?.replace(error.message, '');
  const frames = withoutMessage?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  const message = error instanceof SyntaxError ? 'Not shown: it may quote what was parsed.' : error.message;
  return { name: error.name, message, stack: frames.join('\n') };
}
