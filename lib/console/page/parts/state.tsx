import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';

/** States of connections and API destinations, and of the health of API destinations. */
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
};

export function State({ state }: { readonly state: string | undefined }) {
  if (state === undefined) return <>-</>;
  const text = state.charAt(0) + state.slice(1).toLowerCase();
  return <StatusIndicator type={looks[state] ?? 'info'}>{text}</StatusIndicator>;
}
