import Alert from '@cloudscape-design/components/alert';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { OperationError } from '../data/call.ts';
import { FieldErrors } from '../parts/field.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { TimeRangeField } from '../parts/time-range-field.tsx';

interface DeadLetterFiltersProps {
  readonly error: OperationError | undefined;
  /** Whether the list was made from the whole queue. */
  readonly isWhole: boolean;
}

export function DeadLetterFilters({ error, isWhole }: DeadLetterFiltersProps) {
  return (
    <FieldErrors error={error}>
      <SpaceBetween size="s">
        <ColumnLayout columns={4} minColumnWidth={170}>
          <FilterField
            parameter="destination"
            path="ApiDestinationName"
            label="API destination"
            placeholder="The whole name"
          />
          <FilterField parameter="code" path="ErrorCode" label="Failure code" placeholder="EndpointRejected" />
          <FilterField parameter="event" path="EventId" label="Event id" />
          <TimeRangeField label="Dead-lettered" />
        </ColumnLayout>
        {!isWhole && (
          <Alert type="info">The queue has more dead letters than one call can read, so some are missing.</Alert>
        )}
      </SpaceBetween>
    </FieldErrors>
  );
}
