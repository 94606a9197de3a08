import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';

interface FirstStepProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

/** The text of an empty list: what is missing, and what to do first. */
export function FirstStep({ title, children, action }: FirstStepProps) {
  return (
    <Box textAlign="center" color="inherit" padding="l">
      <SpaceBetween size="s">
        <Box variant="strong">{title}</Box>
        <Box variant="p" color="inherit">
          {children}
        </Box>
        {action}
      </SpaceBetween>
    </Box>
  );
}
