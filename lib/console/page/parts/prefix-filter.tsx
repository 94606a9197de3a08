import TextFilter from '@cloudscape-design/components/text-filter';
import { useEffect, useState } from 'react';

interface PrefixFilterProps {
  readonly value: string;
  /** Called when the person pauses, so that not every key asks the server. */
  readonly onChange: (value: string) => void;
  readonly label: string;
}

const pauseMs = 250;

/** A filter by the beginning of names. The server applies it, so that it also finds what is on other pages. */
export function PrefixFilter({ value, onChange, label }: PrefixFilterProps) {
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), pauseMs);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <TextFilter
      filteringText={text}
      filteringPlaceholder={label}
      filteringAriaLabel={label}
      filteringClearAriaLabel="Clear the filter"
      onChange={({ detail }) => setText(detail.filteringText)}
    />
  );
}
