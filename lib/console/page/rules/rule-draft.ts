import { OperationError } from '../data/call.ts';
import type { InputOf } from '../data/operations.ts';
import type { TargetInput } from '../data/own-operations.ts';

export const inputKinds = {
  event: 'The whole event',
  path: 'A part of the event',
  constant: 'A constant',
  transformer: 'An input transformer',
} as const;

export type InputKind = keyof typeof inputKinds;

/** What the wizard for a rule holds. */
export interface RuleDraft {
  readonly name: string;
  readonly description: string;
  readonly eventBusName: string;
  readonly isEnabled: boolean;
  readonly pattern: string;
  /** The event with which the pattern and the body are tried. */
  readonly sample: string;
  readonly targetId: string;
  /** Empty while none is chosen. */
  readonly destinationArn: string;
  readonly inputKind: InputKind;
  readonly inputPath: string;
  readonly constant: string;
  /** The JSON text of InputPathsMap. */
  readonly paths: string;
  readonly template: string;
  readonly deadLetterArn: string;
  /** As they were typed; empty means the default. */
  readonly maximumRetryAttempts: string;
  readonly maximumEventAgeSeconds: string;
}

const firstPaths = '{\n  "order": "$.detail.orderId",\n  "total": "$.detail.total"\n}';
const firstTemplate = '{\n  "id": <order>,\n  "amount": <total>\n}';

export function emptyRule(sample: string): RuleDraft {
  return {
    name: '',
    description: '',
    eventBusName: 'default',
    isEnabled: true,
    pattern: '{\n  "source": ["com.example.shop"]\n}',
    sample,
    targetId: 'api-destination',
    destinationArn: '',
    inputKind: 'event',
    inputPath: '$.detail',
    constant: '{}',
    paths: firstPaths,
    template: firstTemplate,
    deadLetterArn: '',
    maximumRetryAttempts: '',
    maximumEventAgeSeconds: '',
  };
}

export function putRuleInput(draft: RuleDraft): InputOf<'PutRule'> {
  return {
    Name: draft.name,
    EventBusName: draft.eventBusName,
    EventPattern: draft.pattern,
    State: draft.isEnabled ? 'ENABLED' : 'DISABLED',
    ...(draft.description !== '' && { Description: draft.description }),
  };
}

/**
 * Checks what the service cannot, before anything is made.
 *
 * @throws OperationError when no API destination is chosen, or when the input paths are not JSON
 */
export function checkTarget(draft: RuleDraft, isNewDestination: boolean): void {
  targetInputOf(draft);
  if (!isNewDestination && draft.destinationArn === '')
    throw refusedMember('Targets[0].Arn', 'Choose an API destination, or create one.');
}

function refusedMember(path: string, reason: string): OperationError {
  return new OperationError('ValidationException', `Parameter ${path} is not valid. Reason: ${reason}`, 'PutTargets');
}

/** @throws OperationError when the input paths are not JSON */
export function putTargetsInput(draft: RuleDraft, destinationArn: string): InputOf<'PutTargets'> {
  const retry = {
    ...numberOf('MaximumRetryAttempts', draft.maximumRetryAttempts),
    ...numberOf('MaximumEventAgeInSeconds', draft.maximumEventAgeSeconds),
  };
  return {
    Rule: draft.name,
    EventBusName: draft.eventBusName,
    Targets: [
      {
        Id: draft.targetId,
        Arn: destinationArn,
        ...targetInputOf(draft),
        ...(draft.deadLetterArn !== '' && { DeadLetterConfig: { Arn: draft.deadLetterArn } }),
        ...(Object.keys(retry).length > 0 && { RetryPolicy: retry }),
      },
    ],
  };
}

/** @throws OperationError when the input paths are not JSON */
export function targetInputOf(draft: RuleDraft): TargetInput {
  switch (draft.inputKind) {
    case 'event':
      return {};
    case 'path':
      return { InputPath: draft.inputPath };
    case 'constant':
      return { Input: draft.constant };
    case 'transformer':
      return { InputTransformer: { InputPathsMap: pathsOf(draft.paths), InputTemplate: draft.template } };
  }
}

function pathsOf(text: string): Readonly<Record<string, string>> {
  const paths = text.trim() === '' ? {} : parsed(text);
  if (typeof paths === 'object' && paths !== null && !Array.isArray(paths)) {
    const entries = Object.entries(paths);
    if (entries.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
      return Object.fromEntries(entries);
  }
  const reason = 'It must be a JSON object in which each value is a JSON path, such as "$.detail.orderId".';
  throw refusedMember('Targets[0].InputTransformer.InputPathsMap', reason);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A text that is not a number goes to the service as it is, which says what is wrong with it. */
function numberOf(name: string, typed: string): Readonly<Record<string, number>> {
  const text = typed.trim();
  if (text === '') return {};
  const number = Number(text);
  return { [name]: Number.isNaN(number) ? (text as unknown as number) : number };
}

/** The steps of the wizard, by their position. */
export const steps = { rule: 0, pattern: 1, target: 2, review: 3 } as const;

/** The step that has the field which the error names. */
export function stepOf({ operation, fields }: OperationError): number {
  if (operation !== 'PutRule') return operation === '' ? steps.review : steps.target;
  return fields.has('eventpattern') ? steps.pattern : steps.rule;
}
