import type { ComponentType } from 'react';
import type { PageProps } from '../parts/page-props.ts';

export interface PageEntry {
  /** A part that begins with a colon stands for any text, as in `/connections/:name`. */
  readonly path: string;
  /** The title of the browser's tab. */
  readonly title: string;
  /** The text of its link in the side navigation; absent when the page has no such link. */
  readonly link?: string;
  /** The path of the page above it, whose link is then marked in the side navigation. */
  readonly under?: string;
  /** The code of a page is loaded when it is first opened. */
  readonly load: () => Promise<ComponentType<PageProps>>;
}

/** Every page of the console. The first path that matches is shown. docs/map.md says how a page is added. */
export const pages: readonly PageEntry[] = [
  {
    path: '/',
    title: 'Overview',
    link: 'Overview',
    load: async () => (await import('../overview/overview-page.tsx')).OverviewPage,
  },
  {
    path: '/connections',
    title: 'Connections',
    link: 'Connections',
    load: async () => (await import('../connections/connections-page.tsx')).ConnectionsPage,
  },
  {
    path: '/connections/:name',
    title: 'Connection',
    under: '/connections',
    load: async () => (await import('../connections/connection-page.tsx')).ConnectionPage,
  },
  {
    path: '/connections/:name/edit',
    title: 'Edit connection',
    under: '/connections',
    load: async () => (await import('../connections/edit-connection-page.tsx')).EditConnectionPage,
  },
  {
    path: '/connections/:name/policy',
    title: 'Edit connection policy',
    under: '/connections',
    load: async () => (await import('../connections/connection-policy-page.tsx')).ConnectionPolicyPage,
  },
  {
    path: '/create/connection',
    title: 'Create connection',
    under: '/connections',
    load: async () => (await import('../connections/create-connection-page.tsx')).CreateConnectionPage,
  },
  {
    path: '/api-destinations',
    title: 'API destinations',
    link: 'API destinations',
    load: async () => (await import('../api-destinations/destinations-page.tsx')).DestinationsPage,
  },
  {
    path: '/api-destinations/:name',
    title: 'API destination',
    under: '/api-destinations',
    load: async () => (await import('../api-destinations/destination-page.tsx')).DestinationPage,
  },
  {
    path: '/api-destinations/:name/edit',
    title: 'Edit API destination',
    under: '/api-destinations',
    load: async () => (await import('../api-destinations/edit-destination-page.tsx')).EditDestinationPage,
  },
  {
    path: '/api-destinations/:name/policy',
    title: 'Edit delivery policy',
    under: '/api-destinations',
    load: async () => (await import('../api-destinations/policy-page.tsx')).PolicyPage,
  },
  {
    path: '/create/api-destination',
    title: 'Create API destination',
    under: '/api-destinations',
    load: async () => (await import('../api-destinations/create-destination-page.tsx')).CreateDestinationPage,
  },
  {
    path: '/deliveries',
    title: 'Deliveries',
    link: 'Deliveries',
    load: async () => (await import('../deliveries/deliveries-page.tsx')).DeliveriesPage,
  },
  {
    path: '/dead-letters',
    title: 'Dead letters',
    link: 'Dead letters',
    load: async () => (await import('../dead-letters/dead-letters-page.tsx')).DeadLettersPage,
  },
  {
    path: '/rules',
    title: 'Rules',
    link: 'Rules',
    load: async () => (await import('../rules/rules-page.tsx')).RulesPage,
  },
  {
    path: '/rules/:bus/:name',
    title: 'Rule',
    under: '/rules',
    load: async () => (await import('../rules/rule-page.tsx')).RulePage,
  },
  {
    path: '/create/rule',
    title: 'Create rule',
    under: '/rules',
    load: async () => (await import('../rules/create-rule-page.tsx')).CreateRulePage,
  },
  {
    path: '/api-keys',
    title: 'API keys',
    link: 'API keys',
    load: async () => (await import('../api-keys/api-keys-page.tsx')).ApiKeysPage,
  },
  {
    path: '/create/api-key',
    title: 'Create API key',
    under: '/api-keys',
    load: async () => (await import('../api-keys/create-api-key-page.tsx')).CreateApiKeyPage,
  },
];

/** The page that `/` shows. */
export const firstPath = '/';
