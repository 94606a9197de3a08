import { type MatchedTarget, matchedTargets } from '../store/event-store.ts';
import type { BusEvent, BusReader } from '../store/model.ts';
import { createRuleIndex } from '../index/rule-index.ts';

interface CompiledBus {
  readonly generation: number;
  readonly index: ReturnType<typeof createRuleIndex>;
  readonly targetsByRule: ReadonlyMap<string, readonly MatchedTarget[]>;
}

/** The rules of every bus. The rules of a bus are compiled again only when they have changed. */
export class DispatchRules {
  readonly #reader: BusReader;
  readonly #compiled = new Map<string, CompiledBus>();

  constructor(reader: BusReader) {
    this.#reader = reader;
  }

  /** The targets of the bus's enabled rules that have a matching pattern. */
  match(region: string, eventBusName: string, event: BusEvent): readonly MatchedTarget[] {
    const { index, targetsByRule } = this.#busOf(region, eventBusName);
    return index.match(event).flatMap((rule) => targetsByRule.get(rule) ?? []);
  }

  /** How many enabled rules the bus has, with and without targets. */
  count(region: string, eventBusName: string): number {
    return this.#busOf(region, eventBusName).targetsByRule.size;
  }

  #busOf(region: string, eventBusName: string): CompiledBus {
    const key = `${region} ${eventBusName}`;
    const generation = this.#reader.generation(region, eventBusName);
    const known = this.#compiled.get(key);
    if (known?.generation === generation) return known;
    const rules = this.#reader.enabledRules(region, eventBusName);
    const patterns = rules.map(({ name, eventPattern = '{}' }) => ({ key: name, pattern: eventPattern }));
    const targets = rules.map((rule): [string, readonly MatchedTarget[]] => [
      rule.name,
      matchedTargets(rule, this.#reader.targets(region, eventBusName, rule.name)),
    ]);
    const compiled = { generation, index: createRuleIndex(patterns), targetsByRule: new Map(targets) };
    this.#compiled.set(key, compiled);
    return compiled;
  }
}
