import fc from 'fast-check';
import { expect, test } from 'vitest';
import { transformInput } from '../../../lib/core/request/input-transformer.ts';
import type { JsonValue } from '../../../lib/core/input/json.ts';
import { parseJsonPath, readJsonPath } from '../../../lib/core/request/json-path.ts';
import { nowMs } from '../core/message/deliveries.ts';
import { event, target } from './examples.ts';
import { anyJson, canary, nearlyText, parsed } from './hostile-inputs.ts';

const templates = nearlyText([
  target.InputTransformer.InputTemplate,
  '"order <order>"\n"of <aws.events.rule-name> {{all}}"',
  '{"a": <constructor>, "b": [<__proto__>, "<toString>"]}',
  '[<aws.events.event.json>, <aws.events.event>]',
]).map((text) => text.replaceAll(canary, 'name'));
const paths = nearlyText(['$.detail.order', "$.detail['list'][0].a", '$["detail"].*', '$.detail.list[*].a', '$']);

test('any template with any paths yields valid JSON, or is refused', () => {
  fc.assert(
    fc.property(
      templates,
      fc.dictionary(fc.constantFrom('order', 'all', '__proto__', 'constructor'), paths),
      anyJson,
      (InputTemplate, InputPathsMap, detail) => {
        const value = { ...event, detail };
        const source = { event: { value }, rule: 'arn:x:rule/r', firstReceivedAtMs: nowMs };
        const output = parsed(() => transformInput({ InputTemplate, InputPathsMap }, source));
        if (output === undefined) return;
        const lines = InputTemplate.trimStart().startsWith('"')
          ? output.split('\n').filter((line) => line.trim() !== '')
          : [output];
        for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
      },
    ),
    { numRuns: 1500 },
  );
});

test("a JSON path finds only an object's own members", () => {
  fc.assert(
    fc.property(paths, anyJson, (text, value) => {
      const path = parseJsonPath(text);
      const found = path && readJsonPath(path, value);
      if (found !== undefined) expect(JSON.stringify([value])).toContain(shortest(found));
    }),
    { numRuns: 1500 },
  );
});

/** The shortest text of a value in a result. A list has no such text, because its items may be in separate places. */
function shortest(found: JsonValue): string {
  return Array.isArray(found) ? '' : JSON.stringify(found);
}
