import { parseEventsArn } from '../../../core/destination/arn.ts';

/** The kinds of target that this stack can deliver to. */
export type TargetKind =
  | { readonly kind: 'api-destination' }
  | { readonly kind: 'queue'; readonly name: string }
  | { readonly kind: 'function'; readonly physicalName: string }
  | { readonly kind: 'log-group'; readonly name: string };

const arnPattern = /^arn:aws[a-z-]*:([a-z]+):([a-z0-9-]+):([0-9]{12}):(.+)$/;

/** The service in an ARN; empty when the text is not an ARN. */
export function serviceOf(arn: string): string {
  return /^arn:[^:]+:([^:]+):/.exec(arn)?.[1] ?? '';
}

/**
 * EventBridge reaches only targets in the rule's region, except event buses. This stack also requires its own account.
 *
 * @returns undefined when this stack cannot deliver to the target
 */
export function targetKindOf(arn: string, region: string, account: string): TargetKind | undefined {
  const destination = parseEventsArn(arn);
  if (destination !== undefined) {
    const isHere = destination.region === region && destination.account === account;
    return isHere && destination.kind === 'api-destination' ? { kind: 'api-destination' } : undefined;
  }
  const [, service, arnRegion, arnAccount, resource = ''] = arnPattern.exec(arn) ?? [];
  if (arnRegion !== region || arnAccount !== account) return undefined;
  switch (service) {
    case 'sqs':
      return named(/^([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$/, resource, (name) => ({ kind: 'queue', name }));
    case 'lambda':
      return named(/^function:([A-Za-z0-9_-]{1,140})(?::\$LATEST)?$/, resource, (physicalName) => ({
        kind: 'function',
        physicalName,
      }));
    case 'logs':
      return named(/^log-group:([.\-_/#A-Za-z0-9]{1,512})(?::\*)?$/, resource, (name) => ({ kind: 'log-group', name }));
    default:
      return undefined;
  }
}

function named(pattern: RegExp, resource: string, kindOf: (name: string) => TargetKind): TargetKind | undefined {
  const name = pattern.exec(resource)?.[1];
  return name === undefined ? undefined : kindOf(name);
}
