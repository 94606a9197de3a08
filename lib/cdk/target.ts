import type { IResolveContext } from 'aws-cdk-lib';
import { Lazy, Names, Stack, Token } from 'aws-cdk-lib';
import type { IRuleRef, IRuleTarget, RuleTargetConfig, RuleTargetInputProperties } from 'aws-cdk-lib/aws-events';
import { RuleTargetInput } from 'aws-cdk-lib/aws-events';
import type { ApiDestinationProps } from 'aws-cdk-lib/aws-events-targets';
import { addToDeadLetterQueueResourcePolicy } from 'aws-cdk-lib/aws-events-targets';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import type { ILastmile } from './lastmile.ts';

/** The properties of `aws-events-targets.ApiDestination`, except the role, which Lastmile does not need. */
export interface LastmileTargetProps extends Omit<ApiDestinationProps, 'eventRole'> {
  /**
   * Where the rule sends its events: into the delivery queue, which keeps them while everything else is down, or directly to the
   * function `deliver`, once for each event. Default: QUEUE.
   */
  readonly through?: 'QUEUE' | 'DELIVER';
  /** The message group of the delivery queue. Default: the name of the API destination, so that a slow one delays no other. */
  readonly messageGroupId?: string;
  /** Makes the body of the request, in place of `event`. Default: the transformer of the delivery policy, if it has one. */
  readonly transformer?: LastmileTransformer;
  /**
   * `PER_GROUP`: the events of a group are sent one after another. Needs the parameter `orderedDeliveries` of Lastmile. Default: as the
   * delivery policy says.
   */
  readonly order?: 'PER_GROUP';
  /** JSON path of the value whose events are one group, such as `$.detail.orderId`. Default: all events of the API destination. */
  readonly orderGroupPath?: string;
}

/** An expression of JSONata that makes the body of the request. */
export interface LastmileTransformer {
  readonly type: 'JSONATA';
  /** The whole envelope has at most 8,192 characters. Write spaces around `<` and `>`, or EventBridge sees a placeholder. */
  readonly expression: string;
}

/** An ApiDestination of Lastmile, or one that exists already and is known by its name. */
export interface TargetDestination {
  readonly apiDestinationName: string;
  readonly lastmile: ILastmile;
}

/**
 * An API destination of Lastmile as the target of a rule, in place of `new targets.ApiDestination(destination, props)`.
 *
 * `retryAttempts`, `maxEventAge` and `deadLetterQueue` hold for the delivery to the endpoint, as there. The dead-letter queue also
 * gets the events that EventBridge cannot hand over. The stage parameter `deadLetterQueueArns` must name it.
 */
export class LastmileTarget implements IRuleTarget {
  readonly #destination: TargetDestination;
  readonly #props: LastmileTargetProps;

  constructor(destination: TargetDestination, props: LastmileTargetProps = {}) {
    this.#destination = destination;
    this.#props = props;
  }

  bind(rule: IRuleRef, id?: string): RuleTargetConfig {
    const { lastmile, apiDestinationName } = this.#destination;
    const { through = 'QUEUE', deadLetterQueue, messageGroupId = apiDestinationName } = this.#props;
    rule.node.addDependency(lastmile);
    if (deadLetterQueue !== undefined) addToDeadLetterQueueResourcePolicy(rule, deadLetterQueue);
    if (through === 'DELIVER') allowInvocation(rule, lastmile);
    return {
      arn: through === 'DELIVER' ? lastmile.deliverFunctionArn : lastmile.deliveryQueueArn,
      input: new EnvelopeInput(apiDestinationName, this.#props, id),
      ...(deadLetterQueue !== undefined && { deadLetterConfig: { arn: deadLetterQueue.queueArn } }),
      ...(through === 'QUEUE' && { sqsParameters: { messageGroupId } }),
    };
  }
}

function allowInvocation(rule: IRuleRef, { deliverFunctionName }: ILastmile): void {
  const id = `AllowLastmile${Names.nodeUniqueId(rule.node)}`;
  if (rule.node.tryFindChild(id) !== undefined) return;
  new CfnPermission(rule, id, {
    action: 'lambda:InvokeFunction',
    functionName: deliverFunctionName,
    principal: 'events.amazonaws.com',
    sourceArn: rule.ruleRef.ruleArn,
  });
}

/** The envelope as the input of the rule's target. The settings of the target stand in it, and Lastmile applies them. */
class EnvelopeInput extends RuleTargetInput {
  readonly #apiDestination: string;
  readonly #props: LastmileTargetProps;
  readonly #id: string;

  constructor(apiDestination: string, props: LastmileTargetProps, id = 'Target') {
    super();
    this.#apiDestination = apiDestination;
    this.#props = props;
    this.#id = id;
  }

  bind(rule: IRuleRef): RuleTargetInputProperties {
    const json = (value: unknown): string => Stack.of(rule).toJsonString(value);
    const members = [
      `"apiDestination":${json(this.#apiDestination)}`,
      '"rule":"<aws.events.rule-arn>"',
      `"target":${json(targetOf(rule, this.#id, this.#props))}`,
      // This placeholder stands for JSON, so it has no quotes.
      '"event":<aws.events.event.json>',
    ];
    return { inputTemplate: `{${members.join(',')}}` };
  }
}

function targetOf(rule: IRuleRef, id: string, props: LastmileTargetProps): object {
  const { event, pathParameterValues, headerParameters, queryStringParameters, transformer } = props;
  const { retryAttempts, maxEventAge, deadLetterQueue, order, orderGroupPath } = props;
  if (orderGroupPath !== undefined && order === undefined)
    throw new TypeError(
      '`orderGroupPath` of a LastmileTarget has no effect without `order`: add it, or remove the path.',
    );
  const http = {
    PathParameterValues: pathParameterValues,
    HeaderParameters: headerParameters,
    QueryStringParameters: queryStringParameters,
  };
  const retry = { MaximumRetryAttempts: retryAttempts, MaximumEventAgeInSeconds: maxEventAge?.toSeconds() };
  return {
    Id: id,
    ...inputOf(event?.bind(rule)),
    ...(transformer !== undefined && { Transformer: transformerOf(transformer, event) }),
    ...(order !== undefined && { Order: order, OrderGroupPath: orderGroupPath }),
    ...(hasMember(http) && { HttpParameters: http }),
    ...(hasMember(retry) && { RetryPolicy: retry }),
    ...(deadLetterQueue !== undefined && { DeadLetterConfig: { Arn: deadLetterQueue.queueArn } }),
  };
}

function transformerOf({ type, expression }: LastmileTransformer, event: RuleTargetInput | undefined): object {
  if (event !== undefined) throw new TypeError('A LastmileTarget has either `event` or `transformer`: remove one.');
  const [placeholder] = expression.match(placeholders) ?? [];
  if (placeholder !== undefined) {
    throw new TypeError(
      `EventBridge takes ${placeholder} in the expression of \`transformer\` for a placeholder: write spaces around < and >.`,
    );
  }
  return { Type: type, Expression: expression };
}

function hasMember(object: object): boolean {
  return Object.values(object).some((member) => member !== undefined);
}

function inputOf(input: RuleTargetInputProperties | undefined): object {
  if (input?.inputTemplate !== undefined) {
    const transformer = { InputPathsMap: input.inputPathsMap, InputTemplate: inDoubleBraces(input.inputTemplate) };
    return { InputTransformer: transformer };
  }
  if (input?.inputPath !== undefined) return { InputPath: input.inputPath };
  return input?.input === undefined ? {} : { Input: input.input };
}

const placeholders = /<([A-Za-z0-9_.-]+)>/g;

/** Writes `<name>` as `{{name}}`, because the rule would replace `<name>` itself. */
function inDoubleBraces(template: string): string {
  const replace = (text: string): string => text.replaceAll(placeholders, '{{$1}}');
  if (!Token.isUnresolved(template)) return replace(template);
  return Lazy.uncachedString({ produce: (context: IResolveContext) => replaced(context.resolve(template), replace) });
}

/** Replaces in every text of a resolved value, which may contain functions of CloudFormation. */
function replaced(value: unknown, replace: (text: string) => string): never {
  const inside = (each: unknown): unknown => {
    if (typeof each === 'string') return replace(each);
    if (Array.isArray(each)) return each.map((member: unknown) => inside(member));
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([name, member]: [string, unknown]) => [name, inside(member)]));
  };
  return inside(value) as never;
}
