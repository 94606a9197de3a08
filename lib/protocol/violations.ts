import { ServiceError } from '../core/service-error.ts';

/** One constraint that the input does not satisfy. */
export interface Violation {
  /** As messages write it: `targets.1.member.id`. */
  readonly path: string;
  readonly constraint: string;
  /** The value as printed, quotes included; absent when nothing of it may be shown. */
  readonly value?: string;
}

/** What a required member that is not there fails to satisfy. */
export const notNull = 'Member must not be null';

/** Who breaks more than this fixes these first. Bounds the answer, together with the bound of each printed value. */
const maxViolations = 50;

/** The violations of one input, in the order found. */
export class Violations {
  readonly #found: Violation[] = [];

  /** Takes a function, because what a violation prints may be large and is built only if it is kept. */
  add(violation: () => Violation): void {
    if (this.#found.length < maxViolations) this.#found.push(violation());
  }

  get all(): readonly Violation[] {
    return this.#found;
  }
}

/** @throws ServiceError ValidationException that lists all violations, if there are any */
export function refuseViolations(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const texts = violations.map(({ path, constraint, value }) => {
    return `Value ${value === undefined ? '' : `${value} `}at '${path}' failed to satisfy constraint: ${constraint}`;
  });
  const count = violations.length === 1 ? '1 validation error' : `${violations.length} validation errors`;
  throw new ServiceError('ValidationException', `${count} detected: ${texts.join('; ')}`);
}
