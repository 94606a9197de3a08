import type { JsonObject, JsonValue } from '../core/json.ts';
import { disregardMissingAuthParameters, eventsDepartures, refuseUnsupported } from './events-departures.ts';
import { eventsModel } from './events-model.ts';
import { createInputReader } from './input-reader.ts';
import { refuseViolations } from './violations.ts';

const read = createInputReader(eventsModel, eventsDepartures);

/**
 * The first stage of validation: an operation's input as the service model knows it, without nulls and unknown members.
 *
 * @throws ServiceError SerializationException for a wrong JSON type, ValidationException for everything else
 */
export function readEventsInput(operation: string, body: JsonValue): JsonObject {
  const { input, violations } = read(operation, body);
  refuseUnsupported(input);
  refuseViolations(disregardMissingAuthParameters(violations));
  return input;
}
