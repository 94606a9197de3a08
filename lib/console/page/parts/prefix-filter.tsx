import TextFilter from '@cloudscape-design/components/text-filter';
import { useTyped } from './use-typed.ts';

interface PrefixFilterProps {
  readonly value: string;
  /** Called when the person pauses, so that not every key asks the server. */
  readonly onChange: (value: string) => void;
  readonly label: string;
}

/** A filter by the beginning of names. The server applies it, so that it also finds what is on other pages. */
export function PrefixFilter({ value, onChange, label }: PrefixFilterProps) {
  const [text, setText] = useTyped(value, onChange);
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
