import { parseQuery } from '../../core/api-key/sig-v4-canonical.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject, ownMember, parseJsonBytes } from '../../core/input/json.ts';
import { ServiceError } from '../../core/failure/service-error.ts';
import type { ControlRequest } from '../control-request.ts';
import type { ServiceModel } from './service-model.ts';
import { shapeOf } from './service-model.ts';
import type { ShapeReader } from './container-readers.ts';
import type { ModelDepartures } from './shape-reader.ts';
import { compileReader } from './shape-reader.ts';
import { Violations, refuseViolations, wrongType } from './violations.ts';

/** The operation that a request calls, and the values in its path. */
export interface RestCall {
  readonly operation: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A service model for the protocol restJson1. */
export interface RestModel {
  /** Finds the operation by method and path; undefined when there is none. */
  readonly find: (request: Pick<ControlRequest, 'method' | 'path'>) => RestCall | undefined;
  /**
   * Collects an operation's input from path, query and body. The model says where each member is.
   *
   * @throws ServiceError SerializationException or ValidationException
   */
  readonly readRequest: (call: RestCall, request: ControlRequest) => JsonObject;
  /** The first stage of validation. @throws ServiceError SerializationException or ValidationException */
  readonly readInput: (operation: string, input: JsonValue) => JsonObject;
}

interface Template {
  readonly operation: string;
  readonly method: string;
  readonly segments: readonly string[];
}

/** Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html */
export function createRestModel(model: ServiceModel, departures: ModelDepartures = noDepartures): RestModel {
  const templates = Object.entries(model.operations).map(([operation, { http }]): Template => {
    return { operation, method: http.method, segments: http.requestUri.split('/') };
  });
  const readers = new Map<string, ShapeReader>();
  const readerOf = (operation: string): ShapeReader => {
    const reader = readers.get(operation) ?? compileReader(model, departures, inputOf(model, operation));
    readers.set(operation, reader);
    return reader;
  };
  function readInput(operation: string, input: JsonValue): JsonObject {
    const violations = new Violations();
    const read = readerOf(operation)(input, '', violations);
    if (!isJsonObject(read)) throw wrongType('', 'an object', read);
    refuseViolations(violations.all);
    return read;
  }
  return {
    readInput,
    find({ method, path }) {
      const segments = path.split('/');
      for (const template of templates) {
        const labels = template.method === method ? match(template.segments, segments) : undefined;
        if (labels !== undefined) return { operation: template.operation, labels };
      }
      return undefined;
    },
    readRequest: (call, request) => readInput(call.operation, gather(model, call, request)),
  };
}

export const noDepartures: ModelDepartures = {
  printedEnums: {},
  caseInsensitiveEnums: new Set<string>(),
  urls: new Set<string>(),
};

function inputOf(model: ServiceModel, operation: string): string {
  const entry = Object.hasOwn(model.operations, operation) ? model.operations[operation] : undefined;
  if (entry === undefined) throw new Error(`The service model has no operation ${operation}.`);
  return entry.input;
}

function match(template: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const labels: Record<string, string> = {};
  for (const [index, expected] of template.entries()) {
    const segment = segments[index] ?? '';
    const label = /^\{([A-Za-z]+)\}$/.exec(expected)?.[1];
    if (label === undefined && segment !== expected) return undefined;
    const value = label === undefined ? undefined : decode(segment);
    if (label !== undefined && (value === undefined || value === '')) return undefined;
    if (label !== undefined && value !== undefined) labels[label] = value;
  }
  return labels;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function gather(model: ServiceModel, call: RestCall, request: ControlRequest): JsonObject {
  const shape = shapeOf(model, inputOf(model, call.operation));
  if (shape.type !== 'structure') throw new Error(`The input of ${call.operation} is not a structure.`);
  const query = new Map(parseQuery(request.query) ?? []);
  const body = parseBody(request.body);
  const input: Record<string, JsonValue> = {};
  for (const [name, { shape: shapeName, location, locationName = name }] of Object.entries(shape.members)) {
    const text = location === 'uri' ? call.labels[locationName] : query.get(locationName);
    const isNumber = location === 'querystring' && shapeOf(model, shapeName).type === 'integer';
    const sent = location === undefined ? ownMember(body, name) : text;
    // A text that is not a number is kept, so that the reader refuses it and names the member.
    const value = isNumber && typeof sent === 'string' && /^-?[0-9]{1,15}$/.test(sent) ? Number(sent) : sent;
    if (value !== undefined) input[name] = value;
  }
  return input;
}

/** The largest accepted request body. No input of these operations can be larger. */
const maxBodyBytes = 64 * 1024;

function parseBody(body: Uint8Array): JsonObject {
  if (body.length === 0) return {};
  if (body.length > maxBodyBytes) {
    throw new ServiceError('SerializationException', `The request body has more than ${maxBodyBytes} bytes.`);
  }
  const value = parseJsonBytes(body);
  if (!isJsonObject(value))
    throw new ServiceError('SerializationException', 'The request body is not a JSON object in UTF-8.');
  return value;
}
