import type { RecordWithTtl } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { Failure } from '../../core/failure/failure.ts';
import type { Clock } from '../../ports/clock.ts';

/** A question is repeated after this time, at the next name server if there is one. */
const tryMs = 500;
const tries = 4;
/** The limit of one look-up. It leaves most of the usual request timeout of 5 s for the request. */
const lookUpLimitMs = 2000;
/**
 * How long to wait for the addresses of one family (IPv6 or IPv4) after those of the other have come. Source: RFC 8305 section
 * 3.
 */
const graceMs = 50;
/** Longest time that an answer is kept. For this long, a worker may call the old address of an endpoint that has moved. */
const longestKeepMs = 60_000;
/** How long a failure is kept. The same holds for an answer that may lack the IPv6 or the IPv4 addresses. */
export const failureKeepMs = 5000;

/** Codes of c-ares for the answer that there is no such record. */
const absent: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);

export interface FoundAddresses {
  /** At least one address. IPv6 addresses come first. */
  readonly addresses: readonly string[];
  readonly keepMs: number;
}

/** The answer for one address family, IPv6 or IPv4. */
interface FamilyAnswer {
  readonly records: readonly RecordWithTtl[];
  /** The error code of c-ares, if the question failed. */
  readonly code?: string;
}

/**
 * Asks the system's name servers for IPv6 and IPv4 addresses at the same time. It uses c-ares, which needs a socket for each
 * look-up but no thread. `dns.lookup` has four threads for the whole process, and silent name servers occupy them for seconds.
 *
 * Each look-up has a resolver of its own, so that it can be cancelled alone and sees the current resolv.conf. That costs 65 us.
 * The name is asked for as it is: search domains and `ndots` of resolv.conf do not apply.
 *
 * Failure policy: when only one address family was answered in time, its addresses are used. Such an answer is kept only for
 * `failureKeepMs`, as a failure is.
 *
 * @param servers default: those of the system
 * @throws Failure DnsFailed when no address was found within `lookUpLimitMs`
 */
export async function askNameServers(
  name: string,
  clock: Clock,
  servers: readonly string[] | undefined,
): Promise<FoundAddresses> {
  const resolver = new Resolver({ timeout: tryMs, maxTimeout: tryMs, tries });
  if (servers !== undefined) resolver.setServers(servers);
  const asked = [
    familyAnswer(resolver.resolve6(name, { ttl: true })),
    familyAnswer(resolver.resolve4(name, { ttl: true })),
  ];
  const answers = await answersInTime(asked, clock);
  resolver.cancel();
  return foundIn(name, answers);
}

/** Never rejects. */
function familyAnswer(question: Promise<RecordWithTtl[]>): Promise<FamilyAnswer> {
  return question.then(
    (records) => ({ records }),
    (error: unknown) => ({ records: [], code: (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN' }),
  );
}

/** Resolves when all answers have come, or earlier: after `lookUpLimitMs`, or `graceMs` after the first address. */
function answersInTime(asked: readonly Promise<FamilyAnswer>[], clock: Clock): Promise<readonly FamilyAnswer[]> {
  const ended = new AbortController();
  const answers: FamilyAnswer[] = [];
  return new Promise((resolve) => {
    const end = () => {
      ended.abort();
      resolve([...answers]);
    };
    const endAfter = (delayMs: number) => void clock.delay(delayMs, ended.signal).then(end, () => undefined);
    endAfter(lookUpLimitMs);
    for (const question of asked) {
      void question.then((answer) => {
        answers.push(answer);
        if (answers.length === asked.length) end();
        else if (answer.records.length > 0) endAfter(graceMs);
      });
    }
  });
}

function foundIn(name: string, answers: readonly FamilyAnswer[]): FoundAddresses {
  const records = answers.flatMap((answer) => answer.records);
  const unanswered = answers.find(({ code }) => code !== undefined && !absent.has(code));
  const isComplete = answers.length === 2 && unanswered === undefined;
  if (records.length === 0) throw notFound(name, isComplete ? answers[0]?.code : (unanswered?.code ?? 'ETIMEOUT'));
  const keptAtMostMs = isComplete ? longestKeepMs : failureKeepMs;
  const keepMs = Math.min(keptAtMostMs, ...records.map(({ ttl }) => ttl * 1000));
  const addresses = records.map(({ address }) => address);
  return { addresses: addresses.sort((a, b) => Number(b.includes(':')) - Number(a.includes(':'))), keepMs };
}

function notFound(name: string, code: string | undefined): Failure {
  if (code === 'ETIMEOUT') return new Failure('DnsFailed', `The name servers did not answer in time for ${name}.`);
  return new Failure('DnsFailed', `No address was found for ${name} (${code}).`);
}
