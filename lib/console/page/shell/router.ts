import { useSyncExternalStore } from 'react';

/** A place in the console: the path, and the query after it. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const moved = 'lastmile:moved';

/** Shows another page without loading the document again. The back button returns. */
export function navigate(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  const target = withRegion(to);
  const isOtherPage = new URL(target, location.href).pathname !== location.pathname;
  if (replace) history.replaceState(null, '', target);
  else history.pushState(null, '', target);
  if (isOtherPage) scrollTo(0, 0);
  dispatchEvent(new Event(moved));
}

/** Changes one parameter of the query, so that a link shows the same; undefined removes it. */
export function setQuery(name: string, value: string | undefined): void {
  setQueries({ [name]: value });
}

/** Changes several parameters at once. */
export function setQueries(changes: Readonly<Record<string, string | undefined>>): void {
  navigate(withQuery(changes), { replace: true });
}

/** The address of this page with other parameters. */
export function withQuery(changes: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  return `${location.pathname}${query.size === 0 ? '' : `?${query}`}`;
}

/** A link keeps the region, unless it names another. */
function withRegion(to: string): string {
  const region = new URLSearchParams(location.search).get('region');
  const target = new URL(to, location.href);
  if (region !== null && !target.searchParams.has('region')) target.searchParams.set('region', region);
  return `${target.pathname}${target.search}`;
}

export function usePlace(): Place {
  const address = useSyncExternalStore(onMove, () => `${location.pathname}${location.search}`);
  const url = new URL(address, location.href);
  return { path: url.pathname, query: url.searchParams };
}

function onMove(changed: () => void): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  addEventListener('popstate', changed, { signal });
  addEventListener(moved, changed, { signal });
  return () => controller.abort();
}

/**
 * Lets every link of the console change the page without loading the document. Links that open a new tab stay as they are.
 *
 * @returns stops it
 */
export function followLinks(): () => void {
  const onClick = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (link === null || !isPlain || event.defaultPrevented || link.target === '_blank') return;
    if (link.getAttribute('href') === null || link.origin !== location.origin) return;
    event.preventDefault();
    navigate(`${link.pathname}${link.search}`);
  };
  document.addEventListener('click', onClick);
  return () => document.removeEventListener('click', onClick);
}

/**
 * The values of a pattern's names in a path: `/connections/:name` matches `/connections/crm`.
 *
 * @returns undefined when the path does not match
 */
export function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [pattern.split('/'), path.replace(/(?<=.)\/$/, '').split('/')];
  if (wanted.length !== given.length) return undefined;
  const values: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':') && value !== '') values[part.slice(1)] = decoded(value);
    else if (part !== value) return undefined;
  }
  return values;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
