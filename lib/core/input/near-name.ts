/** A name of more characters is not compared, so that a long one costs no time. */
const maxCharacters = 64;

/**
 * The known name that somebody has probably meant; undefined when none is near. Case does not count, and a third of the
 * characters may differ.
 */
export function nearName(written: string, names: readonly string[]): string | undefined {
  if (written.length > maxCharacters) return undefined;
  const measured = names.map((name) => ({ name, edits: editsBetween(written.toLowerCase(), name.toLowerCase()) }));
  const [nearest] = measured.toSorted((one, other) => one.edits - other.edits);
  if (nearest === undefined || nearest.edits > Math.max(1, Math.floor(nearest.name.length / 3))) return undefined;
  return nearest.name;
}

/** The Levenshtein distance: how many characters must be added, removed or replaced. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index += 1) {
    const next = [index + 1];
    for (let at = 0; at < other.length; at += 1) {
      const replaced = (row[at] ?? 0) + (one[index] === other[at] ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
