/**
 * A time of the service in the person's own time zone. The time in UTC shows when the pointer rests on it.
 *
 * @param seconds since 1970; undefined shows a dash
 */
export function Time({ seconds }: { readonly seconds: number | undefined }) {
  if (seconds === undefined) return <>-</>;
  const date = new Date(seconds * 1000);
  const utc = date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
  const local = date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  return (
    <time dateTime={date.toISOString()} title={utc}>
      {local}
    </time>
  );
}
