import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';

/** States of connections, API destinations and rules, of the health of API destinations, and outcomes of deliveries. */
const looks: Readonly<Record<string, StatusIndicatorProps.Type>> = {
  AUTHORIZED: 'success',
  AUTHORIZING: 'in-progress',
  DEAUTHORIZED: 'stopped',
  DEAUTHORIZING: 'in-progress',
  CREATING: 'in-progress',
  UPDATING: 'in-progress',
  DELETING: 'in-progress',
  ACTIVE: 'success',
  INACTIVE: 'stopped',
  HEALTHY: 'success',
  UNHEALTHY: 'error',
  PAUSED: 'stopped',
  delivered: 'success',
  deferred: 'pending',
  returned: 'pending',
  waiting: 'pending',
  unmatched: 'warning',
  refused: 'error',
  'dead-lettered': 'error',
  ENABLED: 'success',
  DISABLED: 'stopped',
};

export function State({ state }: { readonly state: string | undefined }) {
  if (state === undefined) return <>-</>;
  const text = state.charAt(0).toUpperCase() + state.slice(1).toLowerCase();
  return <StatusIndicator type={looks[state] ?? 'info'}>{text}</StatusIndicator>;
}
