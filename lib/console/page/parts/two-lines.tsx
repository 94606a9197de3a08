import Box from '@cloudscape-design/components/box';
import type { ReactNode } from 'react';

/** Two things in one cell of a table, the second in smaller letters. */
export function TwoLines({ first, second }: { readonly first: ReactNode; readonly second: ReactNode }) {
  return (
    <>
      <div>{first}</div>
      <Box fontSize="body-s" color="inherit">
        {second}
      </Box>
    </>
  );
}
