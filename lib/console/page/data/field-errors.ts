/**
 * The path of an input's member, in the form in which errors are looked up. The service's messages write one path in several ways:
 * `authParameters.basicAuthParameters.username`, `AuthParameters.BasicAuthParameters.Username`, `list.1.member.key` and `List[0].Key`.
 */
export function pathOf(path: string): string {
  return path
    .toLowerCase()
    .replace(/\[(\d+)\]/g, (_whole, index: string) => `.${Number(index) + 1}`)
    .replaceAll('.member.', '.')
    .replace(/\.member$/, '');
}

/** The service's violations of its model: `Value 'x' at 'name' failed to satisfy constraint: Member must ...`. */
const violation = /at '([^']+)' failed to satisfy constraint: (.+?)(?=; Value |$)/g;

/** The refusals of one parameter: `Parameter Name is not valid. Reason: ...`. */
const parameter = /Parameter ([A-Za-z.[\]0-9]+) is not valid\.(?: Reason: )?(.*)$/s;

/** A wrong type: `'Name' must be a string, not a number.` */
const wrongType = /^'([^']+)' (must be .+)$/s;

/** The refusals of a target, of which the wizard sends one: `InputPath for target orders is invalid.` */
const target = /^(?:JSON syntax error in (input)|(InputPath)|(InputTemplate)) for target /;

const ofTarget = ['Input', 'InputPath', 'InputTransformer.InputTemplate'];

/** The refusals of AppSync's parameters: `Parameter description must have at most 1024 characters.` */
const appSyncParameter = /^Parameter ([A-Za-z]+) (must .+)$/s;

export interface Violation {
  /** As the service writes it. */
  readonly path: string;
  readonly text: string;
}

/** The violations that a message lists, one for each member; empty when the message is of another kind. */
export function violationsIn(message: string): readonly Violation[] {
  const found = [...message.matchAll(violation)].map(([, path = '', text = '']) => [path, text] as const);
  return [...new Map(found)].map(([path, text]) => ({ path, text }));
}

/** The problem of each field that the message of a refusal names. */
export function fieldErrorsIn(code: string, message: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { path, text } of violationsIn(message)) found.set(pathOf(path), text);
  const refused = parameter.exec(message) ?? wrongType.exec(message) ?? appSyncParameter.exec(message);
  if (refused !== null) found.set(pathOf(refused[1] ?? ''), refused[2] || 'It is not valid.');
  const [, ...parts] = target.exec(message) ?? [];
  const path = ofTarget[parts.findIndex((part) => part !== undefined)];
  if (path !== undefined) found.set(pathOf(`Targets[0].${path}`), message);
  if (code === 'InvalidEventPatternException') found.set('eventpattern', message);
  if (code === 'ApiKeyValidityOutOfBoundsException') found.set('expires', message);
  if (code === 'ResourceAlreadyExistsException') found.set('name', message);
  return found;
}
