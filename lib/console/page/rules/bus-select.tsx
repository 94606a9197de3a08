import Select from '@cloudscape-design/components/select';
import { useAnswer } from '../data/use-answer.ts';

interface BusSelectProps {
  readonly bus: string;
  readonly onBus: (name: string) => void;
}

/** The event buses of the region. */
export function BusSelect({ bus, onBus }: BusSelectProps) {
  const { output, error } = useAnswer('ListEventBuses', { Limit: 100 });
  const names = new Set([bus, ...(output?.EventBuses ?? []).map(({ Name = '' }) => Name)]);
  return (
    <Select
      ariaLabel="Event bus"
      selectedOption={{ value: bus, label: bus }}
      options={[...names].map((value) => ({ value, label: value }))}
      statusType={error === undefined ? (output === undefined ? 'loading' : 'finished') : 'error'}
      loadingText="Loading"
      errorText={error?.message}
      onChange={({ detail }) => onBus(detail.selectedOption.value ?? 'default')}
    />
  );
}
