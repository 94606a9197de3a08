import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { OperationError } from '../data/call.ts';
import { Field, FieldErrors } from '../parts/field.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { TimeRangeField } from '../parts/time-range-field.tsx';
import { setQueries, setQuery, usePlace } from '../shell/router.ts';
import { noFilter, outcomes } from './delivery-filter.ts';

const anyOutcome = { value: '', label: 'Any outcome' };
const options = [
  anyOutcome,
  ...Object.entries(outcomes).map(([value, description]) => ({
    value,
    label: value.charAt(0).toUpperCase() + value.slice(1),
    description,
  })),
];

interface DeliveryFiltersProps {
  readonly error: OperationError | undefined;
  readonly isFiltered: boolean;
}

export function DeliveryFilters({ error, isFiltered }: DeliveryFiltersProps) {
  const { query } = usePlace();
  const outcome = query.get('outcome') ?? '';
  const [isExpanded, setIsExpanded] = useState(['event', 'rule', 'code', 'status'].some((name) => query.has(name)));
  return (
    <FieldErrors error={error}>
      <SpaceBetween size="s">
        <ColumnLayout columns={4} minColumnWidth={170}>
          <FilterField parameter="text" path="Text" label="Text" placeholder="In a reason or an answer" />
          <Field path="Outcome" label="Outcome">
            <Select
              selectedOption={options.find(({ value }) => value === outcome) ?? anyOutcome}
              options={options}
              onChange={({ detail }) => setQuery('outcome', detail.selectedOption.value)}
            />
          </Field>
          <FilterField
            parameter="destination"
            path="ApiDestinationName"
            label="API destination"
            placeholder="The whole name"
          />
          <TimeRangeField label="Began" />
        </ColumnLayout>
        <ExpandableSection
          headerText="More filters"
          expanded={isExpanded}
          onChange={({ detail }) => setIsExpanded(detail.expanded)}
        >
          <ColumnLayout columns={4} minColumnWidth={170}>
            <FilterField parameter="event" path="EventId" label="Event id" />
            <FilterField parameter="rule" path="Rule" label="Rule" placeholder="Name or ARN" />
            <FilterField parameter="code" path="Code" label="Failure code" placeholder="EndpointRejected" />
            <FilterField
              parameter="status"
              path="Status"
              label="HTTP status"
              placeholder="From 100 to 599"
              inputMode="numeric"
            />
          </ColumnLayout>
        </ExpandableSection>
        {isFiltered && <Button onClick={() => setQueries(noFilter)}>Clear all filters</Button>}
      </SpaceBetween>
    </FieldErrors>
  );
}
