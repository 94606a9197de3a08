import Box from '@cloudscape-design/components/box';

/** A text with line breaks and a fixed width of letters, such as a request. Long lines are broken, so that they fit a narrow window. */
export function Preformatted({ children }: { readonly children: string }) {
  return (
    <div className="preformatted">
      <Box variant="pre">{children}</Box>
    </div>
  );
}
