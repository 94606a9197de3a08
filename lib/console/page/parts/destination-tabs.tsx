import Tabs from '@cloudscape-design/components/tabs';
import type { ReactNode } from 'react';
import { navigate } from '../shell/router.ts';

const tabs = [
  { id: 'connections', label: 'Connections', href: '/connections' },
  { id: 'api-destinations', label: 'API destinations', href: '/api-destinations' },
] as const;

interface DestinationTabsProps {
  readonly active: (typeof tabs)[number]['id'];
  /** The content of the active tab. */
  readonly children: ReactNode;
}

/** The two lists that belong together, as tabs. Each tab is a page with an address of its own. */
export function DestinationTabs({ active, children }: DestinationTabsProps) {
  return (
    <Tabs
      ariaLabel="Connections and API destinations"
      activeTabId={active}
      keyboardActivationMode="manual"
      tabs={tabs.map((tab) => ({ ...tab, content: tab.id === active && children }))}
      onChange={({ detail }) => navigate(detail.activeTabHref ?? '/connections')}
    />
  );
}
