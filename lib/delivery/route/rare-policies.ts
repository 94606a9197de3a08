import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';
import type { Handshake, HandshakeDependencies } from './handshake.ts';
import type { Resolver } from './resolver.ts';

/**
 * A resolver that completes the destinations whose policies have members that few policies have: it asks for the consent of the
 * endpoint, and adds the code that makes CloudEvents and batches. Performance: all of this is loaded with the first such policy, and
 * other destinations are resolved as before.
 */
export function withRarePolicies(resolver: Resolver, dependencies: HandshakeDependencies): Resolver {
  let handshake: Handshake | undefined;
  const completed = new WeakMap<ResolvedDestination, ResolvedDestination>();

  async function complete(route: ResolvedDestination): Promise<ResolvedDestination> {
    if (route.policy.webhookRequestOrigin === undefined) return hasForm(route) ? withForm(route) : route;
    const { createHandshake } = await import('./handshake.ts');
    handshake ??= createHandshake(dependencies);
    const agreed = await handshake(route);
    return hasForm(agreed) ? withForm(agreed) : agreed;
  }

  async function withForm(route: ResolvedDestination): Promise<ResolvedDestination> {
    const { renderForm } = await import('../../core/request/request-form.ts');
    const known = completed.get(route);
    if (known !== undefined) return known;
    const made = { ...route, renderForm };
    completed.set(route, made);
    return made;
  }

  return {
    current: async (reference) => complete(await resolver.current(reference)),
    fresh: async (reference) => complete(await resolver.fresh(reference)),
    cached(reference) {
      const route = resolver.cached(reference);
      if (route === undefined || route.policy.webhookRequestOrigin !== undefined) return undefined;
      return hasForm(route) ? completed.get(route) : route;
    },
  };
}

/** Whether the events are sent in another form than they have. */
function hasForm({ policy }: ResolvedDestination): boolean {
  return policy.format !== undefined || policy.batch !== undefined;
}
