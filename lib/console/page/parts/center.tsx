import Box from '@cloudscape-design/components/box';
import Spinner from '@cloudscape-design/components/spinner';
import type { ReactNode } from 'react';

/** A text, or a sign that something is loading, in the middle of an empty page. */
export function Center({
  children,
  isLoading = false,
}: {
  readonly children?: ReactNode;
  readonly isLoading?: boolean;
}) {
  return (
    <Box textAlign="center" padding={{ vertical: 'xxxl' }}>
      {isLoading ? (
        <>
          <Spinner size="large" /> <Box variant="span">Loading</Box>
        </>
      ) : (
        children
      )}
    </Box>
  );
}
