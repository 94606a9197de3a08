/*
 * Checks a document against the CloudWatch user guide ("Specification: Embedded metric format", with its JSON schema, and
 * "CloudWatch concepts", dimensions). It shares no code with the writer of the metrics, so both cannot have the same fault.
 */

const units =
  /^(?:Seconds|Microseconds|Milliseconds|(?:Kilo|Mega|Giga|Tera)?(?:bytes|bits)|Bytes|Bits|Percent|Count|None)$/;
const maxDocumentBytes = 256 * 1024;

type Json = Readonly<Record<string, unknown>>;

/** @returns the reasons for which CloudWatch would not accept the line; empty when it would */
export function emfViolations(line: string): readonly string[] {
  if (!line.endsWith('\n') || line.slice(0, -1).includes('\n')) return ['it is not one line with a line break'];
  const root = parsed(line);
  if (root === undefined) return ['it is not a JSON object'];
  const wrong: string[] = [];
  if (Buffer.byteLength(line) > maxDocumentBytes) wrong.push('it is larger than 256 KB');
  const metadata = asObject(root['_aws']);
  if (metadata === undefined) return [...wrong, '_aws is not an object'];
  if (!Number.isInteger(metadata['Timestamp'])) wrong.push('Timestamp is not an integer');
  const directives = metadata['CloudWatchMetrics'];
  if (!Array.isArray(directives)) return [...wrong, 'CloudWatchMetrics is not an array'];
  return [...wrong, ...directives.flatMap((directive) => directiveViolations(root, asObject(directive) ?? {}))];
}

function directiveViolations(root: Json, { Namespace, Dimensions, Metrics }: Json): readonly string[] {
  const wrong: string[] = [];
  if (typeof Namespace !== 'string' || !/^[\w.\-/#:]{1,255}$/.test(Namespace)) wrong.push('Namespace is bad');
  if (!Array.isArray(Dimensions) || Dimensions.length === 0)
    wrong.push('Dimensions is not an array with at least one set');
  else for (const set of Dimensions) wrong.push(...dimensionViolations(root, set));
  if (!Array.isArray(Metrics)) wrong.push('Metrics is not an array');
  else {
    if (Metrics.length > 100) wrong.push('Metrics has more than 100 definitions');
    for (const definition of Metrics) wrong.push(...metricViolations(root, asObject(definition) ?? {}));
  }
  return wrong;
}

function dimensionViolations(root: Json, set: unknown): readonly string[] {
  if (!Array.isArray(set) || set.length > 30) return ['a dimension set is not an array of at most 30 keys'];
  return set.flatMap((key) => {
    if (typeof key !== 'string' || key.length < 1 || key.length > 250) return ['a dimension key is bad'];
    const value = root[key];
    const fits = typeof value === 'string' && /^(?!:)[\x20-\x7e]{1,1024}$/.test(value) && value.trim() !== '';
    return fits ? [] : [`the dimension ${key} has a bad value`];
  });
}

function metricViolations(root: Json, { Name, Unit }: Json): readonly string[] {
  if (typeof Name !== 'string' || Name.length < 1 || Name.length > 255) return ['a metric name is bad'];
  const wrong: string[] = [];
  if (Unit !== undefined && (typeof Unit !== 'string' || !units.test(Unit)))
    wrong.push(`the unit of ${Name} is unknown`);
  const target = root[Name];
  const values: readonly unknown[] = Array.isArray(target) ? target : [target];
  if (values.length < 1 || values.length > 100) wrong.push(`${Name} does not have 1 to 100 values`);
  if (!values.every((value) => typeof value === 'number')) wrong.push(`${Name} is not numeric`);
  return wrong;
}

/** The values of one metric in all documents of this API destination. Undefined when no such document has the metric. */
export function valuesOf(lines: readonly string[], name: string, apiDestination?: string): number[] | undefined {
  const found = lines.flatMap((line) => {
    const root = parsed(line) ?? {};
    if (!(name in root) || root['ApiDestination'] !== apiDestination) return [];
    return root[name] as number | number[];
  });
  return found.length === 0 ? undefined : found;
}

function parsed(line: string): Json | undefined {
  try {
    return asObject(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
