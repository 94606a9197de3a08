/**
 * The reference of goal 2: the first worker that a team would write. It uses the global fetch and a JSONPath library, and
 * writes one line with Powertools. For each event, it looks up a destination and a secret with a cache library.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { JSONPath } from 'jsonpath-plus';
import { LRUCache } from 'lru-cache';
import { contender } from './contender.ts';
import { benchName, dynamicParameters, orderEvents } from '../events.ts';
import type { Contender } from '../rounds.ts';

interface Destination {
  readonly endpoint: string;
  readonly secretId: string;
  readonly httpParameters: typeof dynamicParameters;
}

const cacheMs = 15_000;

export function firstTry(invocationEndpoint: string): Contender {
  const logger = new Logger({ serviceName: 'first-try', logLevel: 'INFO' });
  const destinations = new LRUCache<string, Destination>({
    max: 100,
    ttl: cacheMs,
    fetchMethod: async () => ({
      endpoint: invocationEndpoint,
      secretId: 'bench-secret',
      httpParameters: dynamicParameters,
    }),
  });
  const secrets = new LRUCache<string, string>({
    max: 100,
    ttl: cacheMs,
    fetchMethod: async () => JSON.stringify({ api_key_name: 'x-api-key', api_key_value: 'bench-key' }),
  });

  return contender(async (index) => {
    const event = orderEvents[index];
    const destination = await destinations.fetch(benchName);
    const secretText = await secrets.fetch(destination?.secretId ?? '');
    if (event === undefined || destination === undefined || secretText === undefined) throw new Error('Not found.');
    const secret = JSON.parse(secretText) as { api_key_name: string; api_key_value: string };
    const headers = new Headers({ 'content-type': 'application/json', [secret.api_key_name]: secret.api_key_value });
    for (const [name, path] of Object.entries(destination.httpParameters.HeaderParameters)) {
      headers.set(name, String(JSONPath({ path, json: event, wrap: false })));
    }
    const url = new URL(destination.endpoint);
    for (const [key, path] of Object.entries(destination.httpParameters.QueryStringParameters)) {
      url.searchParams.set(key, String(JSONPath({ path, json: event, wrap: false })));
    }
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(event),
      redirect: 'manual',
      signal: AbortSignal.timeout(5000),
    });
    await response.text();
    logger.info('delivered', { eventId: event.id, destination: benchName, status: response.status });
  });
}
