import { Preformatted } from './preformatted.tsx';

/** A JSON text with indents. A text that is not JSON is shown as it is. */
export function JsonBlock({ text }: { readonly text: string }) {
  return <Preformatted>{indented(text)}</Preformatted>;
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
