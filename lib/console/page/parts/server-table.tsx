import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import type { Pages } from '../data/use-pages.ts';
import { Refusal } from './refusal.tsx';

export interface Selection<Item> {
  readonly items: readonly Item[];
  readonly onChange: (items: readonly Item[]) => void;
  readonly isDisabled: (item: Item) => boolean;
  /** Names an item to people who do not see the table. */
  readonly labelOf: (item: Item) => string;
}

interface ServerTableProps<Item> {
  readonly title: string;
  readonly description?: string;
  readonly pages: Pages<unknown>;
  readonly items: readonly Item[] | undefined;
  readonly columns: readonly TableProps.ColumnDefinition<Item>[];
  /** The member that names an item. */
  readonly trackBy: (item: Item) => string;
  readonly filter?: ReactNode;
  readonly isFiltered: boolean;
  /** Shown when there are no items and no filter. It says the first step. */
  readonly empty: ReactNode;
  readonly actions?: ReactNode;
  /** Lets the person select items. */
  readonly selection?: Selection<Item>;
  readonly variant?: TableProps['variant'];
}

/** A list whose pages and filters are those of the server, so that it can be of any length. */
export function ServerTable<Item>(props: ServerTableProps<Item>) {
  const { title, description, pages, items = [], columns, trackBy, filter, isFiltered, empty, actions } = props;
  const { pageIndex, pagesCount, hasNext, goTo, error, isLoading, reload, output } = pages;
  const needsPages = pagesCount > 1;
  return (
    <SpaceBetween size="m">
      <Refusal error={error} onRetry={reload} />
      <Table
        variant={props.variant ?? 'container'}
        header={
          <Header
            variant={props.variant === undefined ? 'h1' : 'h2'}
            description={description}
            actions={
              <SpaceBetween size="xs" direction="horizontal">
                <Button iconName="refresh" ariaLabel={`Reload ${title}`} onClick={reload} />
                {actions}
              </SpaceBetween>
            }
          >
            {title}
          </Header>
        }
        items={items}
        columnDefinitions={columns}
        trackBy={trackBy}
        {...selectionProps(title, props.selection)}
        loading={isLoading && output === undefined}
        loadingText="Loading"
        filter={filter}
        pagination={
          needsPages && (
            <Pagination
              currentPageIndex={pageIndex}
              pagesCount={pagesCount}
              openEnd={hasNext}
              onChange={({ detail }) => goTo(detail.currentPageIndex)}
            />
          )
        }
        empty={isFiltered ? <Box textAlign="center">Nothing matches the filter.</Box> : empty}
        wrapLines
      />
    </SpaceBetween>
  );
}

function selectionProps<Item>(title: string, selection: Selection<Item> | undefined): Partial<TableProps<Item>> {
  if (selection === undefined) return {};
  const { items, onChange, isDisabled, labelOf } = selection;
  return {
    selectionType: 'multi',
    selectedItems: items,
    isItemDisabled: isDisabled,
    onSelectionChange: ({ detail }) => onChange(detail.selectedItems),
    ariaLabels: {
      selectionGroupLabel: `Selection of ${title}`,
      allItemsSelectionLabel: () => 'Select all on this page',
      itemSelectionLabel: (_all, item) => `Select ${labelOf(item)}`,
    },
  };
}
