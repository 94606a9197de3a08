import DateRangePicker, { type DateRangePickerProps } from '@cloudscape-design/components/date-range-picker';
import { useMemo } from 'react';
import type { TimesOfRange } from '../data/time-range.ts';
import { timesOf } from '../data/time-range.ts';
import { setQueries, usePlace } from '../shell/router.ts';
import { Field } from './field.tsx';

const relativeOptions: readonly DateRangePickerProps.RelativeOption[] = [
  { key: '15-minutes', amount: 15, unit: 'minute', type: 'relative' },
  { key: '1-hour', amount: 1, unit: 'hour', type: 'relative' },
  { key: '24-hours', amount: 24, unit: 'hour', type: 'relative' },
  { key: '7-days', amount: 7, unit: 'day', type: 'relative' },
];

const secondsIn: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 };

const secondsOf = ({ amount, unit }: { readonly amount: number; readonly unit: string }): number =>
  amount * (secondsIn[unit] ?? 0);

/** The range in the address of the page. A range up to now begins at one time, so that all pages of a list belong together. */
export function useTimeRange(): TimesOfRange {
  const { query } = usePlace();
  const key = ['last', 'after', 'before'].map((name) => query.get(name) ?? '').join(' ');
  // The key stands for the query.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(() => timesOf(query, Date.now()), [key]);
}

/** A time range by which the server filters a list. */
export function TimeRangeField({ label }: { readonly label: string }) {
  const { query } = usePlace();
  return (
    <Field path="After" label={label}>
      <DateRangePicker
        value={valueIn(query)}
        relativeOptions={relativeOptions}
        placeholder="Any time"
        expandToViewport
        isValidRange={() => ({ valid: true })}
        onChange={({ detail: { value } }) =>
          setQueries({
            last: value?.type === 'relative' ? String(secondsOf(value)) : undefined,
            after: value?.type === 'absolute' ? value.startDate : undefined,
            before: value?.type === 'absolute' ? value.endDate : undefined,
          })
        }
      />
    </Field>
  );
}

function valueIn(query: URLSearchParams): DateRangePickerProps.Value | null {
  const last = Number(query.get('last') ?? '');
  if (last > 0) {
    const known = relativeOptions.find((option) => secondsOf(option) === last);
    return known ?? { amount: last, unit: 'second', type: 'relative' };
  }
  const [startDate, endDate] = [query.get('after'), query.get('before')];
  if (startDate === null && endDate === null) return null;
  return { type: 'absolute', startDate: startDate ?? '', endDate: endDate ?? '' };
}
