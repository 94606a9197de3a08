import { isJsonObject } from '../core/json.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { disregardMissingAuthParameters, eventsDepartures, refuseUnsupported } from './events-departures.ts';
import { eventsModel } from './events-model.ts';
import { compileReader } from './shape-reader.ts';
import type { ShapeReader } from './shape-reader.ts';
import { refuseViolations, Violations } from './violations.ts';
import { wrongType } from './wrong-type.ts';

/** Compiled when an operation is first called, and once: a cold start pays for the one that it serves. */
const readers = new Map<string, ShapeReader>();

function readerOf(operation: string): ShapeReader {
  const known = readers.get(operation);
  if (known !== undefined) return known;
  const entry = Object.hasOwn(eventsModel.operations, operation) ? eventsModel.operations[operation] : undefined;
  if (entry === undefined) throw new Error(`The service model has no operation ${operation}.`);
  const reader = compileReader(eventsModel, eventsDepartures, entry.input);
  readers.set(operation, reader);
  return reader;
}

/**
 * The first stage of validation: an operation's input as the service model knows it, without nulls and unknown members.
 *
 * @throws ServiceError SerializationException for a wrong JSON type, ValidationException for everything else
 */
export function readEventsInput(operation: string, body: JsonValue): JsonObject {
  const violations = new Violations();
  const input = readerOf(operation)(body, '', violations);
  if (!isJsonObject(input)) throw wrongType('', 'an object', input);
  refuseUnsupported(input);
  refuseViolations(disregardMissingAuthParameters(violations.all));
  return input;
}
