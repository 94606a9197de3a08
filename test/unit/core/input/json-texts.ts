import fc from 'fast-check';

/** A JSON text as any program may write it, with the members of its object in the order of the text. */
export interface JsonText {
  readonly text: string;
  readonly members: readonly (readonly [key: string, text: string])[];
}

const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 2 });

const codeUnits = fc.oneof(
  fc.constantFrom(...Array.from('"\\/\b\f\n\r\t{}[]:,au\u007f\u2028')),
  fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
);

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

type Style = 'shortest' | 'short escape' | 'numbered escape';

function printed(unit: string, style: Style): string {
  const numbered = `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  if (style === 'numbered escape') return numbered;
  const mustBeEscaped = unit < ' ' || unit === '"' || unit === '\\';
  if (style === 'short escape' || mustBeEscaped) return shortEscapes[unit] ?? (mustBeEscaped ? numbered : unit);
  return unit;
}

const styles = fc.constantFrom<Style>('shortest', 'short escape', 'numbered escape');

function stringText(value: fc.Arbitrary<string>): fc.Arbitrary<{ readonly value: string; readonly text: string }> {
  return value.chain((units) =>
    fc.array(styles, { minLength: units.length, maxLength: units.length }).map((style) => ({
      value: units,
      text: `"${units
        .split('')
        .map((unit, index) => printed(unit, style[index] ?? 'shortest'))
        .join('')}"`,
    })),
  );
}

/** Keys that are often equal or have a special meaning in JavaScript. */
export const keys = fc.constantFrom('event', 'a', '', '__proto__', 'constructor', 'q"', '\\', 'even', 'event ');

const anyString = fc.array(codeUnits, { maxLength: 6 }).map((units) => units.join(''));
const numbers = fc.constantFrom(
  '0',
  '-0',
  '1.0',
  '12345678901234567890',
  '1E+2',
  '-1.5e-7',
  '1e400',
  '9007199254740993',
);

const spaced = (text: string): fc.Arbitrary<string> => fc.tuple(space, space).map(([one, other]) => one + text + other);

const { value, object } = fc.letrec<{ value: JsonText; array: JsonText; object: JsonText }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false').map((text) => ({ text, members: [] })),
    numbers.map((text) => ({ text, members: [] })),
    stringText(anyString).map(({ text }) => ({ text, members: [] })),
    tie('array'),
    tie('object'),
  ),
  array: fc
    .array(
      tie('value').chain(({ text }) => spaced(text)),
      { maxLength: 4 },
    )
    .chain((items) =>
      space.map((blank) => ({ text: `[${items.length === 0 ? blank : items.join(',')}]`, members: [] })),
    ),
  object: fc
    .array(fc.tuple(stringText(fc.oneof(keys, anyString)), tie('value')), { maxLength: 5 })
    .chain((entries) => fc.tuple(fc.constant(entries), fc.array(space, { minLength: 21, maxLength: 21 })))
    .map(([entries, blanks]) => {
      const blank = (index: number): string => blanks[index] ?? '';
      const members = entries.map(
        ([key, { text }], index) =>
          `${blank(index * 4)}${key.text}${blank(index * 4 + 1)}:${blank(index * 4 + 2)}${text}${blank(index * 4 + 3)}`,
      );
      return {
        text: `{${members.length === 0 ? blank(0) : members.join(',')}}`,
        members: entries.map(([key, { text }]) => [key.value, text] as const),
      };
    }),
}));

/** Any JSON text, with every escape, white space in every allowed place, and repeated keys. */
export const jsonTexts: fc.Arbitrary<string> = value.chain(({ text }) => spaced(text));

/** Any JSON text of an object. `text` includes the white space around it. */
export const objectTexts: fc.Arbitrary<JsonText> = object.chain((made) =>
  spaced(made.text).map((text) => ({ ...made, text })),
);
