import type { JsonObject } from '../../../core/input/json.ts';
import { compileBranch, matchesBranch, readEventPattern } from '../pattern/event-pattern.ts';
import { FieldNode, readFields } from '../pattern/fields.ts';
import { chooseAnchors } from './anchors.ts';
import type { IndexedBranch } from './table.ts';
import { RuleTable } from './table.ts';

export interface RuleIndex {
  /** @returns the keys of the matching rules, in their original order */
  match(event: JsonObject): readonly string[];
}

/**
 * Finds matching rules by the fields and values of an event. An event is compared only with the rules that are indexed under
 * one of its values, so the cost does not grow with the number of rules.
 *
 * @throws ServiceError InvalidEventPatternException
 */
export function createRuleIndex(patterns: readonly { key: string; pattern: string }[]): RuleIndex {
  const root = new FieldNode();
  const branches = patterns.flatMap(({ pattern }, rule): IndexedBranch[] =>
    readEventPattern(pattern).map((branch) => ({ rule, fields: compileBranch(root, branch) })),
  );
  const tables = new Map<FieldNode, RuleTable>();
  /** Every field of these branches may be absent. No value leads to these branches, so they are compared with every event. */
  const unanchored: IndexedBranch[] = [];
  for (const [branch, anchor] of chooseAnchors(branches)) {
    if (anchor === undefined) unanchored.push(branch);
    else tableOf(tables, anchor.node).add(branch, anchor.values);
  }
  return {
    match(event) {
      const fields = readFields(root, event);
      const candidates = new Set(unanchored);
      for (const [node, { all }] of fields) {
        const table = tables.get(node);
        if (table === undefined) continue;
        for (const { value } of all) table.collect(value, candidates);
      }
      const matched = new Set<number>();
      for (const { rule, fields: branch } of candidates) {
        if (!matched.has(rule) && matchesBranch(branch, fields)) matched.add(rule);
      }
      return keysOf(patterns, matched);
    },
  };
}

function tableOf(tables: Map<FieldNode, RuleTable>, node: FieldNode): RuleTable {
  const known = tables.get(node);
  if (known !== undefined) return known;
  const table = new RuleTable();
  tables.set(node, table);
  return table;
}

function keysOf(patterns: readonly { key: string }[], matched: ReadonlySet<number>): readonly string[] {
  const keys: string[] = [];
  for (const rule of [...matched].sort((one, other) => one - other)) {
    const pattern = patterns[rule];
    if (pattern !== undefined) keys.push(pattern.key);
  }
  return keys;
}
