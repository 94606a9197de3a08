import { ServiceError } from '../../core/service-error.ts';

/** Why an event pattern is refused, in the service's words, with the place in the pattern's text where it names one. */
export class RefusedPattern extends Error {
  override readonly name = 'RefusedPattern';
}

export function toServiceError(refusal: RefusedPattern): ServiceError {
  const text = `Event pattern is not valid. Reason: ${refusal.message}`;
  return new ServiceError('InvalidEventPatternException', text, { cause: refusal });
}
