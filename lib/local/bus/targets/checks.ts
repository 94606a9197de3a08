import { type JsonObject, ownMember, parseJson } from '../../../core/input/json.ts';
import { parseJsonPath } from '../../../core/request/json-path.ts';
import { objectOf, requiredTextOf, textOf } from '../../../control/input.ts';
import type { RuleTarget } from '../store/model.ts';
import { queues } from '../../stack/environment.ts';
import { targetKindOf } from './arn.ts';
import type { BusCaller } from '../operations/operation.ts';
import { invalid, invalidArn, invalidParameter } from '../operations/operation.ts';

/** Members that replace the event as the input of a target; only one of them is allowed. */
const inputWays = ['Input', 'InputPath', 'InputTransformer'];

/** Source: EventBridge user guide, input transformation. */
const reservedPlaceholders = new Set([
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event.ingestion-time',
  'aws.events.event',
  'aws.events.event.json',
]);

const placeholderPattern = /<([\w.-]{1,256})>/g;
const arnPattern = /^arn:[\w-]{1,32}:[\w-]{1,64}:[\w-]{0,64}:[\w-]{0,64}:.+$/s;

/**
 * Checks the rules for a target that the service model cannot express.
 *
 * @throws ServiceError ValidationException
 */
export function checkTarget(sent: JsonObject, caller: BusCaller): RuleTarget {
  const target: RuleTarget = { ...sent, Id: requiredTextOf(sent, 'Id'), Arn: requiredTextOf(sent, 'Arn') };
  const { Id, Arn } = target;
  if (!arnPattern.test(Arn)) throw invalidArn(Arn);
  if (/^arn:[^:]*:sqs:.*\.fifo$/s.test(Arn) && objectOf(sent, 'SqsParameters') === undefined) {
    throw invalid(`Parameter(s) SqsParameters must be specified for target: ${Id}.`);
  }
  if (inputWays.filter((name) => ownMember(sent, name) !== undefined).length > 1) {
    throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`);
  }
  checkInput(target);
  checkDeadLetterConfig(target, caller);
  return target;
}

/**
 * EventBridge has no such check, because it has no delivery queue. A dead letter in the delivery queue would be delivered again,
 * so the worker never sends one there. PutTargets refuses such a target, so that the client learns it at once.
 */
function checkDeadLetterConfig(target: RuleTarget, { region, account }: BusCaller): void {
  const arn = textOf(objectOf(target, 'DeadLetterConfig') ?? {}, 'Arn');
  const to = arn === undefined ? undefined : targetKindOf(arn, region, account);
  if (to?.kind !== 'queue' || to.name !== queues.deliveries) return;
  throw invalidParameter(
    'DeadLetterConfig.Arn',
    `${arn} is the delivery queue, which would deliver its dead letters again.`,
  );
}

function checkInput(target: RuleTarget): void {
  const { Id } = target;
  const input = textOf(target, 'Input');
  const inputPath = textOf(target, 'InputPath');
  const transformer = objectOf(target, 'InputTransformer');
  if (input !== undefined && parseJson(input) === undefined)
    throw invalid(`JSON syntax error in input for target ${Id}.`);
  if (inputPath !== undefined && parseJsonPath(inputPath) === undefined) {
    throw invalid(`Invalid InputPath for target ${Id}.`);
  }
  if (transformer !== undefined) checkTransformer(Id, transformer);
}

function checkTransformer(id: string, transformer: JsonObject): void {
  const paths = objectOf(transformer, 'InputPathsMap') ?? {};
  for (const [name, path] of Object.entries(paths)) {
    if (typeof path === 'string' && parseJsonPath(path) !== undefined) continue;
    throw invalid(`Invalid path for ${name} in InputPathsMap for target ${id}.`);
  }
  for (const [, name = ''] of requiredTextOf(transformer, 'InputTemplate').matchAll(placeholderPattern)) {
    if (Object.hasOwn(paths, name) || reservedPlaceholders.has(name)) continue;
    throw invalid(`InputTemplate for target ${id} contains invalid placeholder ${name}.`);
  }
}
