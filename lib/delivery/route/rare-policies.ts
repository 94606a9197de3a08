import type { ResolvedDestination } from '../../core/destination/resolved-destination.ts';
import type { CloudEvents } from '../../core/request/cloud-event.ts';
import type { Handshake, HandshakeDependencies } from './handshake.ts';
import type { Resolver } from './resolver.ts';

/**
 * A resolver that completes the destinations whose policies have members that few policies have: it asks for the consent of the
 * endpoint, and adds the code that makes CloudEvents. Performance: both are loaded with the first such policy, and other
 * destinations are resolved as before.
 */
export function withRarePolicies(resolver: Resolver, dependencies: HandshakeDependencies): Resolver {
  let handshake: Handshake | undefined;
  let cloudEvents: CloudEvents | undefined;
  const completed = new WeakMap<ResolvedDestination, ResolvedDestination>();

  async function complete(route: ResolvedDestination): Promise<ResolvedDestination> {
    const { format, webhookRequestOrigin } = route.policy;
    if (webhookRequestOrigin !== undefined) {
      const { createHandshake } = await import('./handshake.ts');
      handshake ??= createHandshake(dependencies);
      const agreed = await handshake(route);
      return format === undefined ? agreed : withCloudEvents(agreed);
    }
    return format === undefined ? route : withCloudEvents(route);
  }

  async function withCloudEvents(route: ResolvedDestination): Promise<ResolvedDestination> {
    cloudEvents ??= await import('../../core/request/cloud-event.ts');
    const known = completed.get(route);
    if (known !== undefined) return known;
    const made = { ...route, cloudEvents };
    completed.set(route, made);
    return made;
  }

  return {
    current: async (reference) => complete(await resolver.current(reference)),
    fresh: async (reference) => complete(await resolver.fresh(reference)),
    cached(reference) {
      const route = resolver.cached(reference);
      if (route === undefined || route.policy.webhookRequestOrigin !== undefined) return undefined;
      return route.policy.format === undefined ? route : completed.get(route);
    },
  };
}
