/** The address of a rule's page. The name of a bus may have slashes. */
export function ruleHref(busName = 'default', name = ''): string {
  return `/rules/${encodeURIComponent(busName)}/${encodeURIComponent(name)}`;
}
