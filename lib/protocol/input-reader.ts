import { isJsonObject } from '../core/json.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { ServiceModel } from './service-model.ts';
import type { ModelDepartures, ShapeReader } from './shape-reader.ts';
import { compileReader } from './shape-reader.ts';
import type { Violation } from './violations.ts';
import { Violations } from './violations.ts';
import { wrongType } from './wrong-type.ts';

/** An operation's input as its model knows it, without nulls and unknown members, and what of it breaks the model. */
interface ReadInput {
  readonly input: JsonObject;
  readonly violations: readonly Violation[];
}

/**
 * Reads the inputs of a model's operations. A reader is compiled when its operation is first called, and once: a cold start
 * pays for the one that it serves.
 *
 * @returns throws ServiceError SerializationException for a wrong JSON type
 */
export function createInputReader(model: ServiceModel, departures: ModelDepartures) {
  const readers = new Map<string, ShapeReader>();

  function readerOf(operation: string): ShapeReader {
    const known = readers.get(operation);
    if (known !== undefined) return known;
    const entry = Object.hasOwn(model.operations, operation) ? model.operations[operation] : undefined;
    if (entry === undefined) throw new Error(`The service model has no operation ${operation}.`);
    const reader = compileReader(model, departures, entry.input);
    readers.set(operation, reader);
    return reader;
  }

  return (operation: string, body: JsonValue): ReadInput => {
    const violations = new Violations();
    const input = readerOf(operation)(body, '', violations);
    if (!isJsonObject(input)) throw wrongType('', 'an object', input);
    return { input, violations: violations.all };
  };
}
