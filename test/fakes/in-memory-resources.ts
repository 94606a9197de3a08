import type { Page, PageRequest, WriteConflict } from '../../lib/ports/control.ts';

interface Resource {
  readonly name: string;
  readonly incarnation: string;
  readonly revision: number;
}

/** The shared part of the two repositories in memory. Lists are in the order of names. */
export interface InMemoryResources<R extends Resource> {
  read(name: string): Promise<R | undefined>;
  create(resource: R): Promise<'written' | WriteConflict>;
  update(before: R, resource: R): Promise<'written' | WriteConflict>;
  remove(resource: R): Promise<'written' | WriteConflict>;
  listWhere(page: PageRequest, matches: (resource: R) => boolean): Promise<Page<R>>;
  count(): Promise<number>;
  all(): readonly R[];
  /** Writes without a condition. */
  put(resource: R): void;
}

export function createInMemoryResources<R extends Resource>(): InMemoryResources<R> {
  const resources = new Map<string, R>();
  return {
    read: async (name) => resources.get(name),
    async create(resource) {
      const stored = resources.get(resource.name);
      if (stored !== undefined) return stored.incarnation === resource.incarnation ? 'written' : 'exists';
      resources.set(resource.name, structuredClone(resource));
      return 'written';
    },
    async update(before, resource) {
      const stored = resources.get(before.name);
      if (stored === undefined) return 'absent';
      if (stored.incarnation !== before.incarnation || stored.revision !== before.revision) return 'changed';
      resources.set(before.name, { ...structuredClone(resource), revision: before.revision + 1 });
      return 'written';
    },
    async remove(resource) {
      const stored = resources.get(resource.name);
      if (stored === undefined || stored.incarnation !== resource.incarnation) return 'absent';
      if (stored.revision !== resource.revision) return 'changed';
      resources.delete(resource.name);
      return 'written';
    },
    async listWhere({ namePrefix = '', afterName = '', limit }, matches) {
      const found = [...resources.values()]
        .filter(({ name }) => name.startsWith(namePrefix) && name > afterName)
        .filter(matches)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return found.length > limit && last !== undefined ? { items, nextAfterName: last.name } : { items };
    },
    count: async () => resources.size,
    all: () => [...resources.values()],
    put(resource) {
      resources.set(resource.name, resource);
    },
  };
}
