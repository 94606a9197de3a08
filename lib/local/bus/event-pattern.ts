import type { JsonObject } from '../../core/json.ts';
import { isJsonObject } from '../../core/json.ts';
import { ServiceError } from '../../core/service-error.ts';
import { compileBranch, matchesBranch } from './event-pattern-branch.ts';
import { FieldNode, readFields } from './event-pattern-fields.ts';
import type { Branch } from './event-pattern-parse.ts';
import { parseEventPattern } from './event-pattern-parse.ts';
import { RefusedPattern, toServiceError } from './event-pattern-refusal.ts';

/** Members that the service asks of an event that a pattern is tested with. Source: recorded answers of the service. */
const requiredMembers = ['id', 'account', 'source', 'time', 'region', 'detail-type'];

/**
 * @param text of an event pattern, JSON
 * @returns whether an event matches it
 * @throws ServiceError InvalidEventPatternException
 */
export function compileEventPattern(text: string): (event: JsonObject) => boolean {
  const root = new FieldNode();
  const branches = readEventPattern(text).map((branch) => compileBranch(root, branch));
  return (event) => {
    const fields = readFields(root, event);
    return branches.some((branch) => matchesBranch(branch, fields));
  };
}

/**
 * The branches of an event pattern, one of which has to match.
 *
 * @throws ServiceError InvalidEventPatternException
 */
export function readEventPattern(text: string): readonly Branch[] {
  try {
    return parseEventPattern(text);
  } catch (error) {
    if (error instanceof RefusedPattern) throw toServiceError(error);
    throw error;
  }
}

/**
 * The operation TestEventPattern.
 *
 * @param eventText an event, JSON
 * @throws ServiceError InvalidEventPatternException, or ValidationException for a text that is no event
 */
export function testEventPattern(pattern: string, eventText: string): boolean {
  const matches = compileEventPattern(pattern);
  return matches(parseEvent(eventText));
}

function parseEvent(text: string): JsonObject {
  const event = parseJson(text);
  const complete = isJsonObject(event) && requiredMembers.every((name) => Object.hasOwn(event, name));
  if (!complete) throw new ServiceError('ValidationException', 'Parameter Event is not valid.');
  return event;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
