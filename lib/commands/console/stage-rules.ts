import type { CallResult } from '../../console/door/door.ts';
import type { AwsClientConfig } from '../../adapters/aws/clients.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { isJsonObject, parseJson } from '../../core/input/json.ts';
import { messageOf } from '../command.ts';

/** The operations that read rules. In a deployed stack, EventBridge itself performs them. */
const readings = [
  'ListEventBuses',
  'DescribeEventBus',
  'ListRules',
  'DescribeRule',
  'ListTargetsByRule',
  'ListRuleNamesByTarget',
  'TestEventPattern',
] as const;

const changes = [
  'CreateEventBus',
  'DeleteEventBus',
  'PutRule',
  'EnableRule',
  'DisableRule',
  'DeleteRule',
  'PutTargets',
  'RemoveTargets',
];

export function isAboutRules(operation: string): boolean {
  return isReading(operation) || changes.includes(operation);
}

function isReading(operation: string): operation is (typeof readings)[number] {
  return (readings as readonly string[]).includes(operation);
}

const refusal =
  'The console only shows the rules of a deployed stack. Change them in the template that declares them, or with the AWS CLI.';

/** Reads rules from EventBridge, with the credentials of the person. Changes are refused. */
export async function callEventBridge(operation: string, input: JsonObject, aws: AwsClientConfig): Promise<CallResult> {
  if (!isReading(operation)) return { error: { code: 'RulesAreReadOnly', message: refusal } };
  const sdk = await import('@aws-sdk/client-eventbridge');
  const client = new sdk.EventBridgeClient(aws);
  try {
    // The page has the types of the inputs, and EventBridge checks them.
    const Command = sdk[`${operation}Command`] as new (input: object) => InstanceType<typeof sdk.ListRulesCommand>;
    const { $metadata: _, ...output } = await client.send(new Command(input));
    return { output: inJson(output) };
  } catch (error) {
    const code = error instanceof Error ? error.name : 'InternalFailure';
    return { error: { code, message: messageOf(error) } };
  } finally {
    client.destroy();
  }
}

/** Times as seconds since 1970, which is their form on the wire. */
function inJson(output: object): JsonObject {
  const text = JSON.stringify(output, function (this: Record<string, unknown>, name, value: unknown) {
    const original = this[name];
    return original instanceof Date ? original.getTime() / 1000 : value;
  });
  const value = parseJson(text);
  return isJsonObject(value) ? value : {};
}
