import { BoundedMap } from '../input/bounded-map.ts';
import { Failure } from '../failure/failure.ts';
import { parseJson } from '../input/json.ts';

/**
 * The position of a placeholder decides how its value is printed: as a JSON value, or inside the quotes of a string. Such a
 * string is either part of a JSON template, or a line of a text template.
 */
type PlaceholderPosition = 'value' | 'quoted-in-json' | 'quoted-in-text';

export interface Placeholder {
  readonly name: string;
  readonly position: PlaceholderPosition;
}

/** Literal texts and placeholders, in order. */
export type InputTemplate = readonly (string | Placeholder)[];

/**
 * The owner of a template. In a `delivery`'s template a placeholder is `<name>` or `{{name}}`. The second form is for a template
 * inside a rule's own template, because the rule would fill `<name>`. A `rule`'s template has only `<name>`, as in EventBridge.
 */
export type TemplateOwner = 'delivery' | 'rule';

const placeholderPatterns: Readonly<Record<TemplateOwner, RegExp>> = {
  delivery: /<([\w.-]{1,256})>|\{\{([\w.-]{1,256})\}\}/y,
  rule: /<([\w.-]{1,256})>/y,
};

/** Compiled templates; 200 of the largest take 1.6 MB. */
const templates: Readonly<Record<TemplateOwner, BoundedMap<string, InputTemplate>>> = {
  delivery: new BoundedMap(200),
  rule: new BoundedMap(200),
};

/** @throws Failure InvalidInvocation when the template, apart from its placeholders, is neither JSON nor quoted text */
export function compileInputTemplate(text: string, owner: TemplateOwner = 'delivery'): InputTemplate {
  return templates[owner].getOrCreate(text, () => compile(text, placeholderPatterns[owner]));
}

function compile(text: string, placeholder: RegExp): InputTemplate {
  const start = text.trimStart()[0];
  const quoted: PlaceholderPosition = start === '{' || start === '[' ? 'quoted-in-json' : 'quoted-in-text';
  const pieces: (string | Placeholder)[] = [];
  let literal = '';
  let inString = false;
  for (let index = 0; index < text.length; ) {
    const character = text.charAt(index);
    const name = character === '<' || character === '{' ? placeholderAt(text, index, placeholder) : undefined;
    if (name !== undefined) {
      if (literal !== '') pieces.push(literal);
      literal = '';
      pieces.push({ name, position: inString ? quoted : 'value' });
      index = placeholder.lastIndex;
    } else if (inString && character === '\\') {
      literal += text.slice(index, index + 2);
      index += 2;
    } else {
      if (character === '"') inString = !inString;
      literal += character;
      index += 1;
    }
  }
  if (literal !== '') pieces.push(literal);
  requireWellFormed(pieces);
  return pieces;
}

function placeholderAt(text: string, index: number, placeholder: RegExp): string | undefined {
  placeholder.lastIndex = index;
  const match = placeholder.exec(text);
  return match?.[1] ?? match?.[2];
}

/**
 * Once its placeholders are filled, a template must be JSON or lines of quoted text. A check with one set of values is enough,
 * because all values are printed as JSON or escaped.
 */
function requireWellFormed(template: InputTemplate): void {
  const sample = template
    .map((piece) => (typeof piece === 'string' ? piece : piece.position === 'value' ? 'null' : ''))
    .join('');
  if (parseJson(sample) !== undefined || isQuotedText(sample)) return;
  throw new Failure(
    'InvalidInvocation',
    'target.InputTransformer.InputTemplate must be JSON or quoted text once its placeholders are filled.',
  );
}

/**
 * Whether the text consists of quoted lines, such as `"first line"` and `"second line"`. EventBridge delivers them with their
 * quotes.
 */
function isQuotedText(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => line.trim().startsWith('"') && parseJson(line) !== undefined);
}
