import TopNavigation, { type TopNavigationProps } from '@cloudscape-design/components/top-navigation';
import { useStack } from '../data/settings.tsx';
import type { Appearance } from './appearance.ts';
import { chooseAppearance, useAppearance } from './appearance.ts';
import { regions } from './regions.ts';
import { navigate } from './router.ts';

const appearances: Readonly<Record<Appearance, string>> = { system: 'As the system', light: 'Light', dark: 'Dark' };

export function TopBar() {
  const { door, stage, region, isReadOnly } = useStack();
  const appearance = useAppearance();
  const name = door === 'local' ? 'Local stack' : `Stage ${stage}`;
  const regionMenu: TopNavigationProps.Utility = {
    type: 'menu-dropdown',
    text: region,
    ariaLabel: `Region ${region}. Choose another`,
    items: [...new Set([region, ...regions])].map((id) => ({ id, text: id })),
    onItemClick: ({ detail }) => navigate(`${location.pathname}?region=${detail.id}`),
  };
  const appearanceMenu: TopNavigationProps.Utility = {
    type: 'menu-dropdown',
    iconName: 'settings',
    ariaLabel: 'Appearance',
    title: 'Appearance',
    items: Object.entries(appearances).map(([id, text]) => ({
      id,
      text,
      itemType: 'checkbox' as const,
      checked: id === appearance,
    })),
    onItemClick: ({ detail }) => chooseAppearance(detail.id as Appearance),
  };
  return (
    <div id="console-top">
      <TopNavigation
        identity={{ href: '/', title: `Lastmile · ${name}${isReadOnly ? ' · read only' : ''}` }}
        utilities={[regionMenu, appearanceMenu]}
      />
    </div>
  );
}
