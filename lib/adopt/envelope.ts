import { Failure } from '../core/failure/failure.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember, parseJson } from '../core/input/json.ts';
import { parseDelivery } from '../core/message/parse-delivery.ts';
import { compileInputTemplate } from '../core/request/input-template.ts';
import { requireJsonPath } from '../core/request/json-path.ts';
import { isDynamic } from '../core/request/target-parameters.ts';
import type { DeliveryTarget } from '../core/delivery/delivery.ts';
import type { Target } from './descriptions.ts';

/** Bound of the shape TransformerInput of the EventBridge service model, in characters. */
const maxTemplateCharacters = 8192;

/** The members of a target that go into its envelope. Lastmile applies them as EventBridge does. */
const movedMembers = ['Input', 'InputPath', 'InputTransformer', 'HttpParameters', 'RetryPolicy', 'DeadLetterConfig'];

/** Lastmile needs no role: the delivery queue lets the rules of its account send to it. */
const knownMembers = new Set([...movedMembers, 'Id', 'Arn', 'RoleArn']);

/** A target that cannot be moved. The message says why, and contains no value of the target. */
export class NotMovable extends Error {
  override readonly name = 'NotMovable';
}

export interface MoveTo {
  /** Name of the API destination of Lastmile. */
  readonly apiDestination: string;
  readonly queueArn: string;
  /** Id of the new target. Default: the Id of the old one, which it then replaces. */
  readonly id?: string;
  /** Whether events that fail go to the dead-letter queue of the old target. */
  readonly keepsDeadLetterQueue: boolean;
}

/**
 * The target that sends to the delivery queue what the given target sends to an API destination of EventBridge.
 *
 * @throws NotMovable
 */
export function lastmileTarget(target: Target, { apiDestination, queueArn, id, keepsDeadLetterQueue }: MoveTo): Target {
  const unknown = Object.keys(target).filter((name) => !knownMembers.has(name));
  if (unknown.length > 0) throw new NotMovable(`It has ${unknown.join(' and ')}, which Lastmile does not have.`);
  const members = movedMembers.filter((name) => keepsDeadLetterQueue || name !== 'DeadLetterConfig');
  const inner = innerTarget(target, members);
  const template = templateOf(apiDestination, inner);
  check(template);
  if (template.length > maxTemplateCharacters) {
    throw new NotMovable(
      `Its envelope would have ${template.length} characters, and an InputTemplate has at most ${maxTemplateCharacters}.`,
    );
  }
  const deadLetters = ownMember(inner, 'DeadLetterConfig');
  return {
    Id: id ?? target.Id,
    Arn: queueArn,
    InputTransformer: { InputTemplate: template },
    SqsParameters: { MessageGroupId: apiDestination },
    ...(deadLetters !== undefined && { DeadLetterConfig: deadLetters }),
  };
}

function innerTarget(target: Target, members: readonly string[]): JsonObject {
  const kept = members.flatMap((name): [string, JsonValue][] => {
    const value = ownMember(target, name);
    return value === undefined ? [] : [[name, name === 'InputTransformer' ? inDoubleBraces(value) : value]];
  });
  return { Id: target.Id, ...Object.fromEntries(kept) };
}

const placeholders = /<([\w.-]{1,256})>/g;
const ownPlaceholder = /\{\{[\w.-]{1,256}\}\}/;

/** Writes `<name>` as `{{name}}`, because the rule would replace `<name>` itself. */
function inDoubleBraces(transformer: JsonValue): JsonValue {
  if (!isJsonObject(transformer)) return transformer;
  const template = String(ownMember(transformer, 'InputTemplate'));
  if (ownPlaceholder.test(template))
    throw new NotMovable('Its InputTemplate has a text in double braces, which Lastmile would take for a placeholder.');
  return { ...transformer, InputTemplate: template.replaceAll(placeholders, '{{$1}}') };
}

const ruleArn = '<aws.events.rule-arn>';
const event = '<aws.events.event.json>';

function templateOf(apiDestination: string, inner: JsonObject): string {
  // EventBridge would take any other `<` for the begin of a placeholder. In JSON it can be written in another way.
  const json = JSON.stringify(inner).replaceAll('<', String.raw`\u003c`);
  return `{"apiDestination":${JSON.stringify(apiDestination)},"rule":"${ruleArn}","target":${json},"event":${event}}`;
}

/** Reads the envelope as a worker will read it. */
function check(template: string): void {
  const filled = template.replace(ruleArn, 'arn:aws:events:us-east-1:123456789012:rule/any').replace(event, '{}');
  try {
    const { target } = parseDelivery(parseJson(filled), { apiDestination: undefined, nowMs: 0 });
    checkTemplate(target);
    checkPaths(target);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new NotMovable(`Lastmile would refuse it: ${error.message}`);
  }
}

const reserved = new Set([
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event.ingestion-time',
  'aws.events.event',
  'aws.events.event.json',
]);

function checkTemplate({ InputTransformer: transformer }: DeliveryTarget): void {
  if (transformer === undefined) return;
  const paths = transformer.InputPathsMap ?? {};
  for (const piece of compileInputTemplate(transformer.InputTemplate)) {
    if (typeof piece === 'string' || reserved.has(piece.name) || Object.hasOwn(paths, piece.name)) continue;
    throw new NotMovable(`InputPathsMap does not define the placeholder ${piece.name} of its InputTemplate.`);
  }
}

function checkPaths({
  InputPath: inputPath,
  InputTransformer: transformer,
  HttpParameters: http,
}: DeliveryTarget): void {
  if (inputPath !== undefined) requireJsonPath(inputPath, 'target.InputPath');
  for (const path of Object.values(transformer?.InputPathsMap ?? {})) {
    requireJsonPath(path, 'a path of target.InputTransformer.InputPathsMap');
  }
  const parameters = [
    ...(http?.PathParameterValues ?? []),
    ...Object.values(http?.HeaderParameters ?? {}),
    ...Object.entries(http?.QueryStringParameters ?? {}).flat(),
  ];
  for (const parameter of parameters) {
    if (isDynamic(parameter)) requireJsonPath(parameter, 'a path of target.HttpParameters');
  }
}

/** The API destination of Lastmile to which a target already sends; undefined when it sends elsewhere. */
export function destinationOfMoved(target: Target, queueArn: string): string | undefined {
  const transformer = ownMember(target, 'InputTransformer');
  if (target.Arn !== queueArn || !isJsonObject(transformer)) return undefined;
  const [, name] =
    /^\{"apiDestination":"([.\-_A-Za-z0-9]{1,64})"/.exec(String(ownMember(transformer, 'InputTemplate'))) ?? [];
  return name;
}
