/** The APIs that a key may call, and what each allows. */
export const apis = {
  control: { label: 'Control', description: 'Everything: connections, API destinations, API keys, events' },
  events: { label: 'Events', description: 'PutEvents, and nothing else' },
} as const;

export type ApiName = keyof typeof apis;

/** @returns `control` for every other text */
export function apiIn(text: string | null): ApiName {
  return text === 'events' ? 'events' : 'control';
}

const daySeconds = 86_400;
/**
 * Seconds that are added to a validity of exactly 1 or 365 days. The stack accepts only 1 to 365 days, and its clock may differ from
 * the browser's by up to a minute.
 */
const marginSeconds: Readonly<Record<number, number>> = { 1: 60, 365: -60 };

/**
 * The time at which a key expires, in seconds since 1970.
 *
 * @param days as the person typed them
 * @returns undefined when they are no whole number
 */
export function expiryIn(days: string, nowMs: number): number | undefined {
  if (!/^\d{1,4}$/.test(days.trim())) return undefined;
  return Math.floor(nowMs / 1000) + Number(days) * daySeconds + (marginSeconds[Number(days)] ?? 0);
}

const publicIdCharacters = 14;

/** The part of a key that is no secret. */
export function publicIdOf(key: string): string {
  return key.slice(0, publicIdCharacters);
}
