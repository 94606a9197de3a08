import Box from '@cloudscape-design/components/box';
import ErrorBoundary from '@cloudscape-design/components/error-boundary';
import Link from '@cloudscape-design/components/link';
import type { ComponentType } from 'react';
import { useEffect, useState } from 'react';
import { Center } from '../parts/center.tsx';
import type { PageProps } from '../parts/page-props.ts';
import type { PageEntry } from './pages.ts';
import { firstPath, pages } from './pages.ts';
import { matchPath } from './router.ts';

/** @returns undefined when the console has no page at this path */
export function entryOf(path: string): PageEntry | undefined {
  return pages.find((page) => matchPath(page.path, path) !== undefined);
}

interface CurrentPageProps {
  readonly entry: PageEntry | undefined;
  readonly path: string;
}

/** The pages whose code is loaded, so that they show at once when they are opened again. */
const loadedPages = new Map<PageEntry, ComponentType<PageProps>>();

export function CurrentPage({ entry, path }: CurrentPageProps) {
  const [, setLoaded] = useState(false);
  const [isLost, setIsLost] = useState(false);
  useEffect(() => {
    if (entry === undefined || loadedPages.has(entry)) return undefined;
    let isCurrent = true;
    entry.load().then(
      (Page) => {
        loadedPages.set(entry, Page);
        if (isCurrent) setLoaded(true);
      },
      () => isCurrent && setIsLost(true),
    );
    return () => {
      isCurrent = false;
    };
  }, [entry]);
  if (entry === undefined)
    return (
      <Center>
        There is no page at {path}. <Link href={firstPath}>Go to the first page</Link>
      </Center>
    );
  if (isLost) return <Center>The page could not be loaded. Check that the console still runs, then reload.</Center>;
  const Page = loadedPages.get(entry);
  if (Page === undefined) return <Center isLoading />;
  return (
    <ErrorBoundary
      onError={({ error }) => console.error(error)}
      renderFallback={() => <Box>The page failed. Reload it, and please report what you did.</Box>}
    >
      <Page params={matchPath(entry.path, path) ?? {}} />
    </ErrorBoundary>
  );
}
