import FormField from '@cloudscape-design/components/form-field';
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import type { RecentEvent } from '../data/own-operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Field } from '../parts/field.tsx';
import { sampleEvents } from './sample-events.ts';

interface SampleEventFieldProps {
  readonly text: string;
  readonly onText: (text: string) => void;
}

/** An event to try something with: a sample, one that the local stack had recently, or what the person writes. */
export function SampleEventField({ text, onText }: SampleEventFieldProps) {
  const { door } = useStack();
  const { output } = useAnswer('ListRecentEvents', door === 'local' ? {} : undefined);
  const recent = output?.Events ?? [];
  const texts = new Map([
    ...sampleEvents.map((sample): [string, string] => [`sample ${sample.label}`, sample.text]),
    ...recent.map((event): [string, string] => [`recent ${event.EventId}`, indented(event.Event)]),
  ]);
  const groups: readonly SelectProps.OptionGroup[] = [
    { label: 'Sample events', options: sampleEvents.map(({ label }) => ({ value: `sample ${label}`, label })) },
    ...(recent.length === 0 ? [] : [{ label: 'Recent events of this stack', options: recent.map(optionOf) }]),
  ];
  const options = groups.flatMap((group) => group.options as readonly SelectProps.Option[]);
  const chosen = options.find(({ value = '' }) => texts.get(value) === text);
  return (
    <SpaceBetween size="m">
      <FormField label="Event to try" description="A sample, or an event that this stack had. You can change its text.">
        <Select
          selectedOption={chosen ?? null}
          placeholder="Your own event"
          options={groups}
          filteringType="auto"
          filteringAriaLabel="Filter the events"
          onChange={({ detail }) => onText(texts.get(detail.selectedOption.value ?? '') ?? text)}
        />
      </FormField>
      <Field label="Event" path="Event">
        <Textarea rows={10} value={text} spellcheck={false} onChange={({ detail }) => onText(detail.value)} />
      </Field>
    </SpaceBetween>
  );
}

function optionOf({ EventId, Source, DetailType }: RecentEvent): SelectProps.Option {
  return { value: `recent ${EventId}`, label: `${DetailType} (${Source})`, description: EventId };
}

/** The text with indents, if that changes none of its numbers. */
function indented(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? JSON.stringify(value, undefined, 2) : text;
  } catch {
    return text;
  }
}
