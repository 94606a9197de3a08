import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { JsonBlock } from '../parts/json-block.tsx';

interface TransformerTextProps {
  /** The JSON text of InputPathsMap. */
  readonly paths: string;
  readonly template: string;
}

/** An input transformer as a person has written it. */
export function TransformerText({ paths, template }: TransformerTextProps) {
  return (
    <SpaceBetween size="s">
      <div>
        <Box variant="awsui-key-label">Input paths</Box>
        <JsonBlock text={paths} />
      </div>
      <div>
        <Box variant="awsui-key-label">Input template</Box>
        <JsonBlock text={template} />
      </div>
    </SpaceBetween>
  );
}
