/** What the shell gives every page. */
export interface PageProps {
  /** The values of the names in the page's path. */
  readonly params: Readonly<Record<string, string>>;
}
