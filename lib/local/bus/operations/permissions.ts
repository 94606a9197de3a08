import { objectOf, textOf } from '../../../control/input.ts';
import { ServiceError } from '../../../core/failure/service-error.ts';
import type { JsonObject, JsonValue } from '../../../core/input/json.ts';
import { isJsonObject, ownMember, parseJson } from '../../../core/input/json.ts';
import { partitionOf } from '../../../core/destination/arn.ts';
import type { EventBus } from '../store/model.ts';
import type { BusCaller, BusDependencies, BusOperation } from './operation.ts';
import { invalid, invalidParameter } from './operation.ts';
import { requireBus } from './references.ts';

/** Source: the API reference of PutPermission. */
const maxPolicyBytes = 10_240;

/** The members that make one statement. A request has either these or a whole policy. */
const statementMembers = ['Action', 'Principal', 'StatementId', 'Condition'];

/**
 * Adds a statement to the policy of a bus, or replaces the statement that has the same id, or replaces the whole policy. This
 * stack has one account and checks no policy; the policy is only kept and shown.
 */
export function putPermission({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const whole = textOf(input, 'Policy');
    if (whole !== undefined && statementMembers.some((name) => ownMember(input, name) !== undefined)) {
      throw invalid('Either Policy, or Action, Principal and StatementId must be specified, but not both.');
    }
    const changed = whole === undefined ? readStatement(input) : readPolicy(whole);
    const bus = requireBus(store, caller, textOf(input, 'EventBusName'));
    const policy = 'Statement' in changed ? changed : withStatement(bus, changed, caller);
    const text = JSON.stringify(policy);
    if (Buffer.byteLength(text) > maxPolicyBytes) {
      throw new ServiceError(
        'PolicyLengthExceededException',
        `The policy of an event bus must have at most ${maxPolicyBytes} bytes.`,
      );
    }
    store.policies.put(caller.region, bus.name, text);
    return {};
  };
}

export function removePermission({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const id = textOf(input, 'StatementId');
    const removesAll = ownMember(input, 'RemoveAllPermissions') === true;
    if (id === undefined && !removesAll) throw invalid('Either StatementId or RemoveAllPermissions must be specified.');
    const bus = requireBus(store, caller, textOf(input, 'EventBusName'));
    if (removesAll) {
      if (bus.policy === undefined) throw notFound('EventBus does not have a policy.');
      store.policies.remove(caller.region, bus.name);
      return {};
    }
    const statements = statementsOf(bus);
    const kept = statements.filter((statement) => statement['Sid'] !== id);
    if (kept.length === statements.length) throw notFound('Statement with the provided id does not exist.');
    if (kept.length === 0) store.policies.remove(caller.region, bus.name);
    else store.policies.put(caller.region, bus.name, JSON.stringify({ ...policyOf(bus), Statement: kept }));
    return {};
  };
}

/** The parts of a statement that a request names. */
interface SentStatement {
  readonly action: string;
  readonly principal: string;
  readonly id: string;
  readonly condition: JsonObject | undefined;
}

function readStatement(input: JsonObject): SentStatement {
  const [action, principal, id] = ['Action', 'Principal', 'StatementId'].map((name) => textOf(input, name));
  if (action === undefined || principal === undefined || id === undefined) {
    throw invalid('Either Policy, or Action, Principal and StatementId must be specified.');
  }
  if (action !== 'events:PutEvents') throw invalid("Provided value in parameter 'action' is not supported.");
  const condition = objectOf(input, 'Condition');
  if (condition !== undefined && textOf(condition, 'Type') !== 'StringEquals') {
    throw invalidParameter('Condition.Type', 'The only supported type is StringEquals.');
  }
  if (condition !== undefined && textOf(condition, 'Key') !== 'aws:PrincipalOrgID') {
    throw invalidParameter('Condition.Key', 'The only supported key is aws:PrincipalOrgID.');
  }
  return { action, principal, id, condition };
}

function readPolicy(text: string): JsonObject & { readonly Statement: JsonValue } {
  const policy = parseJson(text);
  const statements = isJsonObject(policy) ? ownMember(policy, 'Statement') : undefined;
  const list = Array.isArray(statements) ? (statements as readonly JsonValue[]) : [statements ?? null];
  if (!isJsonObject(policy) || list.length === 0 || !list.every(isJsonObject)) {
    throw invalidParameter('Policy', 'It must be a JSON object with at least one Statement.');
  }
  return { ...policy, Statement: list };
}

function withStatement(bus: EventBus, sent: SentStatement, { region }: BusCaller): JsonObject {
  const { action, principal, id, condition } = sent;
  const account = `arn:${partitionOf(region)}:iam::${principal}:root`;
  const statement: JsonObject = {
    Sid: id,
    Effect: 'Allow',
    Principal: principal === '*' ? '*' : { AWS: account },
    Action: action,
    Resource: bus.arn,
    ...(condition === undefined
      ? {}
      : { Condition: { StringEquals: { 'aws:PrincipalOrgID': textOf(condition, 'Value') ?? '' } } }),
  };
  const statements = statementsOf(bus);
  const at = statements.findIndex((each) => each['Sid'] === id);
  const Statement = at < 0 ? [...statements, statement] : statements.with(at, statement);
  return { ...policyOf(bus), Statement };
}

function policyOf({ policy }: EventBus): JsonObject {
  const value = parseJson(policy ?? '');
  return isJsonObject(value) ? value : { Version: '2012-10-17' };
}

function statementsOf(bus: EventBus): readonly JsonObject[] {
  const statements = ownMember(policyOf(bus), 'Statement');
  return Array.isArray(statements) ? (statements as readonly JsonObject[]) : [];
}

function notFound(text: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', text);
}
