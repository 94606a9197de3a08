const maxLength = 300;

/** Names and ids come from clients. Control characters in them must not move the cursor or start a new line. */
export function printable(text: string, maxCharacters = maxLength): string {
  const oneLine = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return oneLine.length > maxCharacters ? `${oneLine.slice(0, maxCharacters)}...` : oneLine;
}

export function counted(count: number, singular: string): string {
  return count === 1 ? `1 ${singular}` : `${count} ${singular}s`;
}
