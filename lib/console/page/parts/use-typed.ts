import { useEffect, useState } from 'react';

const pauseMs = 250;

/**
 * A text that a person types to filter a list. It is applied when the person pauses, so that not every key asks the server.
 *
 * @param value the applied text. A value that changes otherwise, such as by a button that clears all filters, replaces the typed text
 * @returns the text to show, and what takes the typed text
 */
export function useTyped(value: string, onChange: (value: string) => void): [string, (text: string) => void] {
  const [typed, setTyped] = useState({ text: value, replaces: value });
  const text = typed.replaces === value ? typed.text : value;
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), pauseMs);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return [text, (next) => setTyped({ text: next, replaces: value })];
}
