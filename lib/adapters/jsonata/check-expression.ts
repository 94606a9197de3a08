import jsonata from 'jsonata';

/**
 * Compiles an expression without evaluating it. A delivery would refuse `$eval`, so it is refused here too.
 *
 * @returns a sentence that says what is wrong; undefined when nothing is
 */
export function refusedExpression(expression: string): string | undefined {
  try {
    return usesEval(jsonata(expression).ast()) ? 'The expression uses $eval, which is not available.' : undefined;
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): string {
  const { code, position, message } = error as { readonly [member: string]: unknown };
  const at = typeof position === 'number' ? ` at character ${position}` : '';
  const named = typeof code === 'string' ? ` (${code} of JSONata)` : '';
  return `The expression is not valid${at}: ${String(message)}${named}.`;
}

function usesEval(root: unknown): boolean {
  const waiting = [root];
  const seen = new Set<unknown>();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node !== 'object' || node === null || seen.has(node)) continue;
    seen.add(node);
    if ('type' in node && node.type === 'variable' && 'value' in node && node.value === 'eval') return true;
    const members: readonly unknown[] = Object.values(node);
    waiting.push(...members.filter((member) => member !== undefined));
  }
  return false;
}
