/** Whether an operation only reads, or changes something. A console that was started with --read-only performs only the readings. */
type Effect = 'reads' | 'changes';

/** Operations of the control API and of the event bus. */
export const serviceOperations = {
  ListConnections: 'reads',
  DescribeConnection: 'reads',
  CreateConnection: 'changes',
  UpdateConnection: 'changes',
  DeauthorizeConnection: 'changes',
  DeleteConnection: 'changes',
  GetConnectionPolicy: 'reads',
  PutConnectionPolicy: 'changes',
  UpdateConnectionPolicy: 'changes',
  DeleteConnectionPolicy: 'changes',

  ListApiDestinations: 'reads',
  DescribeApiDestination: 'reads',
  CreateApiDestination: 'changes',
  UpdateApiDestination: 'changes',
  DeleteApiDestination: 'changes',
  GetDeliveryPolicy: 'reads',
  PutDeliveryPolicy: 'changes',
  UpdateDeliveryPolicy: 'changes',
  DeleteDeliveryPolicy: 'changes',
  PauseApiDestination: 'changes',
  ResumeApiDestination: 'changes',
  GetDestinationHealth: 'reads',
  ListDestinationHealth: 'reads',

  ListDeliveries: 'reads',
  GetDelivery: 'reads',
  GetConclusions: 'reads',
  ReplayDelivery: 'changes',
  ListDeadLetters: 'reads',

  ListEventBuses: 'reads',
  DescribeEventBus: 'reads',
  CreateEventBus: 'changes',
  DeleteEventBus: 'changes',
  ListRules: 'reads',
  DescribeRule: 'reads',
  PutRule: 'changes',
  EnableRule: 'changes',
  DisableRule: 'changes',
  DeleteRule: 'changes',
  ListTargetsByRule: 'reads',
  PutTargets: 'changes',
  RemoveTargets: 'changes',
  ListRuleNamesByTarget: 'reads',
  TestEventPattern: 'reads',
  PutEvents: 'changes',

  ListApiKeys: 'reads',
  CreateApiKey: 'changes',
  UpdateApiKey: 'changes',
  DeleteApiKey: 'changes',
} as const satisfies Readonly<Record<string, Effect>>;

/** Operations that only the console has. lib/console/door performs them with the functions of the stack. */
export const ownOperations = {
  SendTestEvent: 'changes',
  CountDeadLetters: 'reads',
  RedriveDeadLetters: 'changes',
  PreviewBody: 'reads',
} as const satisfies Readonly<Record<string, Effect>>;

/**
 * Operations that only the console has, and that each door performs in its own way: the local stack reads its history, and the command
 * for a deployed stack reads CloudWatch. Only the local stack has recent events.
 */
export const doorOperations = {
  GetOverview: 'reads',
  ListRecentEvents: 'reads',
} as const satisfies Readonly<Record<string, Effect>>;

/** The operations that the page may call. All others are refused, even if the service has them. */
export const consoleOperations = { ...serviceOperations, ...ownOperations, ...doorOperations };

export type OwnOperation = keyof typeof ownOperations;
export type DoorOperation = keyof typeof doorOperations;
export type ConsoleOperation = keyof typeof consoleOperations;

export function isConsoleOperation(name: unknown): name is ConsoleOperation {
  return typeof name === 'string' && Object.hasOwn(consoleOperations, name);
}

export function isOwnOperation(name: string): name is OwnOperation {
  return Object.hasOwn(ownOperations, name);
}

export function isDoorOperation(name: string): name is DoorOperation {
  return Object.hasOwn(doorOperations, name);
}

export function changesSomething(operation: ConsoleOperation): boolean {
  return consoleOperations[operation] === 'changes';
}
