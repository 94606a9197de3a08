import type { LocalAnswer } from './wire.ts';

/** An XML element; `inside` is XML already. */
export function element(name: string, inside: string): string {
  return `<${name}>${inside}</${name}>`;
}

/** An unescaped carriage return would reach the client as a line feed. Source: XML 1.0, 2.11. */
const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};

export function escapeXml(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => escapes[character] ?? character);
}

/** @param inside XML, without its declaration */
export function xml(status: number, requestId: string, inside: string): LocalAnswer {
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `<?xml version="1.0"?>${inside}`,
  };
}
