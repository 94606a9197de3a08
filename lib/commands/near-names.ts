/** The names that somebody may have meant: another spelling of capitals, a few letters off, or a longer or shorter form. */
export function nearNames(asked: string, known: readonly string[]): readonly string[] {
  const wanted = plain(asked);
  const scored = known.map((name) => ({ name, distance: distanceOf(wanted, plain(name)) }));
  const near = scored.filter(({ distance }) => distance <= Math.max(1, Math.floor(wanted.length / 3)));
  return near
    .sort((one, other) => one.distance - other.distance)
    .slice(0, mostNames)
    .map(({ name }) => name);
}

const mostNames = 3;

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}

/** 1 for a part of the other name; otherwise Levenshtein's distance. */
function distanceOf(one: string, other: string): number {
  if (one !== other && one !== '' && other !== '' && (one.includes(other) || other.includes(one))) return 1;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let line = 1; line <= one.length; line += 1) {
    const letter = one[line - 1];
    const next = [line];
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (other[column - 1] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
