import { expect, test } from 'vitest';
import { FieldNode } from '../../../../../lib/local/bus/pattern/fields.ts';
import { compileBranch, readEventPattern } from '../../../../../lib/local/bus/pattern/event-pattern.ts';
import { fold } from '../../../../../lib/local/bus/pattern/ignore-case.ts';
import { chooseAnchors } from '../../../../../lib/local/bus/index/anchors.ts';
import type { IndexedBranch } from '../../../../../lib/local/bus/index/table.ts';
import { RuleTable } from '../../../../../lib/local/bus/index/table.ts';

function indexed(patterns: readonly string[], root: FieldNode): readonly IndexedBranch[] {
  return patterns.flatMap((pattern, rule) =>
    readEventPattern(pattern).map((branch) => ({ rule, fields: compileBranch(root, branch) })),
  );
}

test('the rule index compares an event with only one of 10,000 rules that differ in their detail', () => {
  const root = new FieldNode();
  const patterns = Array.from({ length: 10_000 }, (_, rule) => `{"source": ["shop"], "detail": {"id": ["${rule}"]}}`);
  const table = new RuleTable();
  for (const [branch, anchor] of chooseAnchors(indexed(patterns, root))) {
    expect(anchor?.node).toBe(root.children.get('detail')?.children.get('id'));
    table.add(branch, anchor?.values ?? []);
  }
  const candidates = new Set<IndexedBranch>();
  table.collect('4711', candidates);
  expect([...candidates].map(({ rule }) => rule)).toEqual([4711]);
});

test('a rule whose pattern only requires that fields are absent has no value in the rule index', () => {
  const [chosen] = chooseAnchors(
    indexed(['{"a": [{"exists": false}], "b": [{"exists": false}, "x"]}'], new FieldNode()),
  );
  expect(chosen?.[1]).toBeUndefined();
});

test('texts that differ only in case fold to the same text', () => {
  const apart: string[] = [];
  for (let code = 0; code < 0x10000; code += 1) {
    const unit = String.fromCharCode(code);
    const same = [unit.toLowerCase(), unit.toUpperCase()].every((other) => fold(other) === fold(unit));
    if (!same) apart.push(unit);
  }
  expect(apart).toEqual([]);
});
