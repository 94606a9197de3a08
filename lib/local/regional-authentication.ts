import type { Clock } from '../ports.ts';
import type { Authentication } from '../protocol/control-request.ts';
import type { FunctionSurroundings } from './function-instances.ts';
import { PerRegion } from './per-region.ts';

/** The deployed authentication, one for each region; loaded with the first request that it is asked about. */
export function createRegionalAuthentication(
  surroundings: (name: string, region: string) => FunctionSurroundings,
  clock: Clock,
): Authentication {
  const regional = new PerRegion(async (region) => {
    const { authenticationFrom } = await import('../../functions/control-api/authentication.ts');
    const { environment, aws } = surroundings('control-api', region);
    return authenticationFrom(environment, aws, clock);
  });
  return {
    async authenticate(request, context) {
      return await (await regional.get(context.region)).authenticate(request, context);
    },
  };
}
