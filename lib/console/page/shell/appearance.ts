import { applyMode, Mode } from '@cloudscape-design/global-styles';
import { useSyncExternalStore } from 'react';

export type Appearance = 'system' | 'light' | 'dark';

const storageKey = 'lastmile-appearance';
const changed = 'lastmile:appearance';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

function chosen(): Appearance {
  const stored = localStorage.getItem(storageKey);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

function isDark(): boolean {
  return chosen() === 'system' ? systemIsDark.matches : chosen() === 'dark';
}

function apply(): void {
  applyMode(isDark() ? Mode.Dark : Mode.Light);
  document.documentElement.style.colorScheme = isDark() ? 'dark' : 'light';
}

/** Applies the appearance that was chosen before, and follows the system. */
export function startAppearance(): void {
  apply();
  systemIsDark.addEventListener('change', apply);
}

export function chooseAppearance(appearance: Appearance): void {
  if (appearance === 'system') localStorage.removeItem(storageKey);
  else localStorage.setItem(storageKey, appearance);
  apply();
  dispatchEvent(new Event(changed));
}

export function useAppearance(): Appearance {
  return useSyncExternalStore((listener) => {
    addEventListener(changed, listener);
    return () => removeEventListener(changed, listener);
  }, chosen);
}
