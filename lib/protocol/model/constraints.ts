import type { JsonValue } from '../../core/input/json.ts';
import { matcherOf } from './patterns.ts';
import type { Bounds, Shape } from './service-model.ts';

/** One constraint of a shape: its text in messages, and whether a value satisfies it. */
export interface Constraint {
  readonly kind: 'pattern' | 'bounds' | 'enum';
  readonly text: string;
  readonly isSatisfied: (value: JsonValue) => boolean;
}

/** The constraints of a shape, in the order of the service's recorded answers: pattern, length or range, enum. */
export function constraintsOf(shape: Shape, printedEnum: readonly string[] | undefined): readonly Constraint[] {
  switch (shape.type) {
    case 'string':
      return [
        ...patternConstraints(shape.pattern),
        ...boundsConstraints(shape, 'length'),
        ...enumConstraints(shape.enum, printedEnum),
      ];
    case 'integer':
    case 'long':
    case 'double':
      return boundsConstraints(shape, 'value');
    case 'list':
    case 'map':
      return boundsConstraints(shape, 'length');
    default:
      return [];
  }
}

/** The text for all constraints of the members of a list or map. The service prints length first, then pattern, then enum. */
export function groupText(constraints: readonly Constraint[]): string {
  const kinds = ['bounds', 'pattern', 'enum'] as const;
  const ordered = kinds.flatMap((kind) => constraints.filter((constraint) => constraint.kind === kind));
  return `[${ordered.map((constraint) => constraint.text).join(', ')}]`;
}

function patternConstraints(pattern: string | undefined): readonly Constraint[] {
  if (pattern === undefined) return [];
  const matcher = matcherOf(pattern);
  return [
    {
      kind: 'pattern',
      text: `Member must satisfy regular expression pattern: ${pattern}`,
      isSatisfied: (value) => typeof value === 'string' && matcher.test(value),
    },
  ];
}

function boundsConstraints({ min, max }: Bounds, what: 'length' | 'value'): readonly Constraint[] {
  const constraints: Constraint[] = [];
  if (max !== undefined) {
    constraints.push({
      kind: 'bounds',
      text: `Member must have ${what} less than or equal to ${max}`,
      isSatisfied: (value) => measure(value) <= max,
    });
  }
  if (min !== undefined) {
    constraints.push({
      kind: 'bounds',
      text: `Member must have ${what} greater than or equal to ${min}`,
      isSatisfied: (value) => measure(value) >= min,
    });
  }
  return constraints;
}

function enumConstraints(values: readonly string[] | undefined, printed = values): readonly Constraint[] {
  if (values === undefined || printed === undefined) return [];
  return [
    {
      kind: 'enum',
      text: `Member must satisfy enum value set: [${printed.join(', ')}]`,
      isSatisfied: (value) => typeof value === 'string' && values.includes(value),
    },
  ];
}

/**
 * The number that a length or range constrains: the value of a number, the length of a text in UTF-16 code units (as in Java),
 * or the number of entries.
 */
function measure(value: JsonValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return value === null || typeof value === 'boolean' ? 0 : Object.keys(value).length;
}
