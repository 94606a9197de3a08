import { useState } from 'react';
import { TextField } from '../parts/field.tsx';
import { Time } from '../parts/time.tsx';
import { OperationError } from '../data/call.ts';
import { expiryIn } from './api-key-draft.ts';

interface DaysFieldProps {
  readonly days: string;
  readonly onChange: (days: string) => void;
}

/** How long a key is valid, and when that ends. */
export function DaysField({ days, onChange }: DaysFieldProps) {
  const [nowMs] = useState(() => Date.now());
  const expires = expiryIn(days, nowMs);
  return (
    <TextField
      path="expires"
      label="Valid for, in days"
      description="From 1 to 365 days from now. The end is rounded down to the hour."
      constraint={
        expires === undefined ? undefined : (
          <>
            Until <Time seconds={expires} />
          </>
        )
      }
      inputMode="numeric"
      value={days}
      onChange={onChange}
    />
  );
}

/** @throws OperationError beside the field, as the service's refusals are, when the days are no whole number */
export function requiredExpiry(days: string): number {
  const expires = expiryIn(days, Date.now());
  if (expires === undefined)
    throw new OperationError('ValidationException', "'expires' must be a whole number of days, from 1 to 365.");
  return expires;
}
