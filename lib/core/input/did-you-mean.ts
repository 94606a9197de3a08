/** A longer name is not compared, so that it costs no time. */
const maxCharacters = 64;

/** A part of a name with fewer characters occurs in too many names. */
const fewestSharedCharacters = 3;

const mostNames = 3;

/**
 * Asks about the known names that somebody has probably meant: `Did you mean orders or orders-eu?` A name is similar if it
 * differs only in capitals, hyphens, underscores and full stops, if it contains the written name or is a part of it, or if at
 * most a third of the characters differ.
 *
 * @returns undefined when no name is similar
 */
export function didYouMean(written: string, names: readonly string[]): string | undefined {
  if (written.length > maxCharacters) return undefined;
  const wanted = plain(written);
  const measured = names.map((name) => ({ name, distance: distanceOf(wanted, plain(name)) }));
  const isEqual = measured.some(({ distance }) => distance === 0);
  const similar = measured
    .filter(({ distance }) => distance <= (isEqual ? 0 : Math.max(1, Math.floor(wanted.length / 3))))
    .toSorted((one, other) => one.distance - other.distance)
    .slice(0, mostNames);
  return similar.length === 0 ? undefined : `Did you mean ${similar.map(({ name }) => name).join(' or ')}?`;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}

/** 1 if one name is a part of the other; otherwise the number of characters that must be added, removed or replaced. */
function distanceOf(one: string, other: string): number {
  const isPart = one.includes(other) || other.includes(one);
  if (isPart && one !== other && Math.min(one.length, other.length) >= fewestSharedCharacters) return 1;
  // The Levenshtein distance.
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
