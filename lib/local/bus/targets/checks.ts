import { type JsonObject, ownMember, parseJson } from '../../../core/input/json.ts';
import type { ServiceError } from '../../../core/failure/service-error.ts';
import { parseJsonPath } from '../../../core/request/json-path.ts';
import { objectOf, requiredTextOf, textOf } from '../../../control/input.ts';
import type { RuleTarget } from '../store/model.ts';
import { queues } from '../../stack/environment.ts';
import { serviceOf, targetKindOf } from './arn.ts';
import { checkServiceParameters } from './service-parameters.ts';
import type { BusCaller } from '../operations/operation.ts';
import { invalid, invalidArn, invalidParameter } from '../operations/operation.ts';

/** Members that replace the event as the input of a target; only one of them is allowed. */
const inputWays = ['Input', 'InputPath', 'InputTransformer'];

/** The placeholder of the event's own text. Only a template that is a JSON object may have it. */
const wholeEvent = 'aws.events.event.json';

/** Source: EventBridge user guide, input transformation. */
const reservedPlaceholders = new Set([
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event.ingestion-time',
  'aws.events.event',
  wholeEvent,
]);

const placeholderPattern = /<([\w.-]{1,256})>/g;
const arnPattern = /^arn:[\w-]{1,32}:[\w-]{1,64}:[\w-]{0,64}:[\w-]{0,64}:.+$/s;

/**
 * Checks a target for everything that the service model cannot express.
 *
 * @throws ServiceError ValidationException
 */
export function checkTarget(sent: JsonObject, caller: BusCaller): RuleTarget {
  const target: RuleTarget = { ...sent, Id: requiredTextOf(sent, 'Id'), Arn: requiredTextOf(sent, 'Arn') };
  const { Id, Arn } = target;
  if (!arnPattern.test(Arn)) throw invalidArn(Arn);
  checkServiceParameters(target);
  if (inputWays.filter((name) => ownMember(sent, name) !== undefined).length > 1) {
    throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`);
  }
  checkInput(target);
  checkDeadLetterConfig(target, caller);
  return target;
}

/**
 * A dead-letter queue is a standard queue in the region of its rule or bus. The text about the region is our own.
 *
 * This stack also refuses its delivery queue, which EventBridge does not know. A dead letter in that queue would be delivered
 * again, so the worker never sends one there. The check here tells the client at once.
 *
 * @param holder an object that may have a DeadLetterConfig
 * @throws ServiceError ValidationException
 */
export function checkDeadLetterConfig(holder: JsonObject, { region, account }: BusCaller): void {
  const arn = textOf(objectOf(holder, 'DeadLetterConfig') ?? {}, 'Arn');
  if (arn === undefined) return;
  if (!arnPattern.test(arn)) throw invalidArn(arn);
  const service = serviceOf(arn);
  if (service !== 'sqs') throw invalid(`${service} is not supported as a dead letter resource`);
  if (arn.endsWith('.fifo')) throw invalid('SQS FIFO is not supported by Dead Letter Queues');
  if (arn.split(':')[3] !== region) {
    throw invalidParameter('DeadLetterConfig.Arn', `${arn} is not in the region ${region}.`);
  }
  const to = targetKindOf(arn, region, account);
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
  if (inputPath !== undefined && !isInputPath(inputPath)) throw invalidPath(Id);
  if (transformer !== undefined) checkTransformer(Id, transformer);
}

function checkTransformer(id: string, transformer: JsonObject): void {
  const paths = objectOf(transformer, 'InputPathsMap') ?? {};
  for (const path of Object.values(paths)) {
    if (typeof path !== 'string' || !isInputPath(path)) throw invalidPath(id);
  }
  const template = requiredTextOf(transformer, 'InputTemplate');
  for (const [, name = ''] of template.matchAll(placeholderPattern)) {
    if (name === wholeEvent && !template.trimStart().startsWith('{')) {
      throw invalid(`InputTemplate for target ${id} contains placeholder ${name} valid only for JSON template.`);
    }
    if (Object.hasOwn(paths, name) || reservedPlaceholders.has(name)) continue;
    throw invalid(`InputTemplate for target ${id} contains invalid placeholder ${name}.`);
  }
}

/** EventBridge refuses quoted names in brackets. The paths of an envelope may have them, because the worker reads them. */
function isInputPath(path: string): boolean {
  return parseJsonPath(path) !== undefined && !/\[['"]/.test(path);
}

function invalidPath(id: string): ServiceError {
  return invalid(`InputPath for target ${id} is invalid.`);
}
