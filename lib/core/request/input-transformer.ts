import type { Delivery, InputTransformer } from '../delivery/delivery.ts';
import { Failure } from '../failure/failure.ts';
import type { Placeholder, TemplateOwner } from './input-template.ts';
import { compileInputTemplate } from './input-template.ts';
import { exactEvent } from '../input/exact-json.ts';
import type { JsonValue } from '../input/json.ts';
import { isJsonObject } from '../input/json.ts';
import { readJsonPath, requireJsonPath } from './json-path.ts';
import { jsonText, printedEvent } from '../input/json-text.ts';

/** The members of a delivery that a transformer may use. */
export type TransformerSource = Pick<Delivery, 'event' | 'rule' | 'firstReceivedAtMs'>;

/** Eight times the largest event (1 MiB). Without a limit, a template could ask for thousands of copies. */
const maxOutputCharacters = 8 * 1024 * 1024;

/**
 * Fills an input template, in time proportional to its output.
 *
 * As recorded from EventBridge: a placeholder that stands for a whole value prints JSON. A path that finds nothing gives an
 * empty string. A text template keeps its own quotes, and prints objects and lists without the quotes of their strings. A JSON
 * template that has an object inside quotes delivers nothing.
 *
 * Failure policy: EventBridge does not escape strings inside quotes, so a quote in an event breaks the body or adds members to
 * it. Here strings are escaped. An event that EventBridge would drop silently is a permanent failure with a reason.
 *
 * @throws Failure InvalidInvocation
 */
export function transformInput(
  transformer: InputTransformer,
  source: TransformerSource,
  owner: TemplateOwner = 'delivery',
): string {
  let output = '';
  // Each path is read once, even if its placeholder occurs many times, because a read may go through the whole event.
  const texts = new Map<string, string>();
  for (const piece of compileInputTemplate(transformer.InputTemplate, owner)) {
    output += typeof piece === 'string' ? piece : printedOnce(piece, texts, () => printed(piece, transformer, source));
    if (output.length > maxOutputCharacters) {
      throw new Failure('InvalidInvocation', 'target.InputTransformer makes a body of more than 8 MiB.');
    }
  }
  return output;
}

function printedOnce({ name, position }: Placeholder, texts: Map<string, string>, print: () => string): string {
  const key = `${position} ${name}`;
  const known = texts.get(key);
  if (known !== undefined) return known;
  const text = print();
  texts.set(key, text);
  return text;
}

function printed(placeholder: Placeholder, transformer: InputTransformer, source: TransformerSource): string {
  const { name, position } = placeholder;
  if (position === 'value' && name === 'aws.events.event.json') return printedEvent(source.event);
  const found = valueOf(name, transformer, source);
  const value = found === undefined ? '' : found;
  if (position === 'quoted-in-json' && (isJsonObject(value) || Array.isArray(value))) {
    throw new Failure(
      'InvalidInvocation',
      `target.InputTransformer.InputTemplate has the placeholder ${name} in quotes, but its value is an object or a list: remove the quotes.`,
    );
  }
  return position === 'value' ? jsonText(value) : withoutQuotes(jsonText(value));
}

/** JSON text without the quotes around its strings. The text of the strings stays escaped, so it fits into a string again. */
function withoutQuotes(text: string): string {
  return text.replace(/\\.|"/g, (match) => (match === '"' ? '' : match));
}

/** Source of the reserved names: EventBridge user guide, input transformation. */
function valueOf(name: string, transformer: InputTransformer, source: TransformerSource): JsonValue | undefined {
  switch (name) {
    case 'aws.events.rule-arn':
      return source.rule;
    case 'aws.events.rule-name':
      return source.rule?.slice(source.rule.lastIndexOf('/') + 1);
    case 'aws.events.event.ingestion-time':
      return `${new Date(source.firstReceivedAtMs).toISOString().slice(0, 19)}Z`;
    case 'aws.events.event':
      return withoutDetail(exactEvent(source.event));
    case 'aws.events.event.json':
      return exactEvent(source.event);
    default:
      return extracted(name, transformer, source);
  }
}

function extracted(name: string, transformer: InputTransformer, source: TransformerSource): JsonValue | undefined {
  const paths = transformer.InputPathsMap;
  const path = paths !== undefined && Object.hasOwn(paths, name) ? paths[name] : undefined;
  if (path === undefined) {
    throw new Failure(
      'InvalidInvocation',
      `target.InputTransformer.InputTemplate contains invalid placeholder ${name}: InputPathsMap does not define it.`,
    );
  }
  return readJsonPath(requireJsonPath(path, `target.InputTransformer.InputPathsMap.${name}`), exactEvent(source.event));
}

/** As recorded from EventBridge: the event without `detail`, and with `detail-type` under the name `detailType`. */
function withoutDetail(event: JsonValue): JsonValue {
  if (!isJsonObject(event)) return event;
  return Object.fromEntries(
    Object.entries(event)
      .filter(([key]) => key !== 'detail')
      .map(([key, value]) => [key === 'detail-type' ? 'detailType' : key, value]),
  );
}
