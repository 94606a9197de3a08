import { Pool } from 'undici';
import { contender } from './contender.ts';
import { orderEvents } from '../events.ts';
import type { Contender } from '../rounds.ts';

/** As many connections as Lastmile's pool has. */
const connections = 128;

/** The same requests without Lastmile. They are the reference of goal 1. */
export function bareRequest(origin: string, path: string): Contender {
  const pool = new Pool(origin, { allowH2: false, connections });
  const bodies = orderEvents.map((event) => JSON.stringify(event));
  return contender(async (index) => {
    const { body } = await pool.request({ method: 'POST', path, headers: sentHeaders, body: bodies[index] ?? '' });
    await body.dump();
  });
}

/** The headers that Lastmile sends. The bare requests have them too, so that both send the same. */
const sentHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  'User-Agent': 'Amazon/EventBridge/ApiDestinations',
  Range: 'bytes=0-1048575',
  'Accept-Encoding': 'gzip,deflate',
  'Idempotency-Key': '00000000-0000-4000-8000-000000000000/bench',
  'x-api-key': 'bench-key',
};
