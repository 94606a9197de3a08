import AppLayout from '@cloudscape-design/components/app-layout';
import Alert from '@cloudscape-design/components/alert';
import { I18nProvider } from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import type { RefObject } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { ConsoleSettings } from '../../api/settings.ts';
import { consolePaths } from '../../api/settings.ts';
import { answerOf, operationErrorOf } from '../data/call.ts';
import { StackProvider, useStack } from '../data/settings.tsx';
import { Center } from '../parts/center.tsx';
import { NoticeBar, NoticesProvider } from './notices.tsx';
import { CurrentPage, entryOf } from './current-page.tsx';
import { firstPath, pages } from './pages.ts';
import { followLinks, usePlace } from './router.ts';
import { SidePanelProvider, useSidePanel } from './side-panel.tsx';
import { TopBar } from './top-bar.tsx';

export function App() {
  const [settings, setSettings] = useState<ConsoleSettings>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    answerOf(consolePaths.settings).then(
      (answer) => setSettings(answer as ConsoleSettings),
      (error: unknown) => setProblem(operationErrorOf(error).message),
    );
    return followLinks();
  }, []);
  return (
    <I18nProvider locale="en" messages={[messages]}>
      {problem !== undefined && <Alert type="error">{problem}</Alert>}
      {settings !== undefined && <Console settings={settings} />}
      {settings === undefined && problem === undefined && <Center isLoading />}
    </I18nProvider>
  );
}

const regionName = /^[a-z0-9-]{1,40}$/;

function Console({ settings }: { readonly settings: ConsoleSettings }) {
  const asked = usePlace().query.get('region') ?? '';
  const region = regionName.test(asked) ? asked : settings.region;
  return (
    <StackProvider settings={settings} region={region}>
      <NoticesProvider>
        <TopBar />
        <SidePanelProvider>
          <Layout />
        </SidePanelProvider>
      </NoticesProvider>
    </StackProvider>
  );
}

/** Moves the keyboard into a page that has been opened by a link or a button, as the browser does when it loads a document. */
function useFocusOfPage(path: string): RefObject<HTMLDivElement | null> {
  const content = useRef<HTMLDivElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    content.current?.focus({ preventScroll: true });
  }, [path]);
  return content;
}

/** Below this width the side navigation would cover the page, so it begins closed. */
const narrowPx = 688;

function Layout() {
  const { path } = usePlace();
  const { region } = useStack();
  const [isOpen, setIsOpen] = useState(innerWidth > narrowPx);
  const entry = entryOf(path);
  const sidePanel = useSidePanel();
  useEffect(() => {
    document.title = `${entry?.title ?? 'Page not found'} · Lastmile`;
    if (innerWidth <= narrowPx) setIsOpen(false);
  }, [entry, path]);
  const content = useFocusOfPage(path);
  const links = pages.flatMap(({ path: href, link }) =>
    link === undefined ? [] : [{ type: 'link' as const, href, text: link }],
  );
  return (
    <AppLayout
      headerSelector="#console-top"
      navigationOpen={isOpen}
      onNavigationChange={({ detail }) => setIsOpen(detail.open)}
      navigation={
        <SideNavigation
          header={{ href: firstPath, text: 'Lastmile' }}
          activeHref={entry?.under ?? entry?.path ?? ''}
          items={links}
        />
      }
      notifications={<NoticeBar />}
      toolsHide
      {...sidePanel}
      // A page of another region is another page: it begins anew.
      content={
        <div ref={content} tabIndex={-1} className="page">
          <CurrentPage key={`${region} ${path}`} entry={entry} path={path} />
        </div>
      }
    />
  );
}
