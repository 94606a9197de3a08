/**
 * Sends requests in a network of its own, with the name servers and the routes of that network, and writes what became of them
 * to its output as JSON. `http-client-network.test.ts` starts it in a new network namespace of Linux, in which only the loopback
 * interface exists and /etc/resolv.conf names 127.0.0.1.
 */
import { createUndiciHttpClient } from '../../../lib/adapters/http/client.ts';
import { parseAllowlist } from '../../../lib/core/address/address.ts';
import { defaultTransport } from '../../../lib/core/destination/delivery-policy.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { silence, startDnsServer } from './dns-server.ts';
import { startRecordingEndpoint } from './recording-endpoint.ts';
import { makeTlsCertificate } from './tls-certificate.ts';

const dnsPort = 53;
const silentNames = 8;

/** What became of the requests: the HTTP status, or the code of the failure. */
export interface OwnNetworkOutcomes {
  /** The name has an IPv6 address without a route, and 127.0.0.1. */
  readonly bothFamilies: number | string;
  /** The name is answered at once, while the name server is silent about other names. */
  readonly besideSilentNames: number | string;
  /** How many requests to silent names had ended by then. */
  readonly silentNamesEnded: number;
  /** No route leads to the address. */
  readonly withoutRoute: number | string;
}

const addresses: Readonly<Record<string, readonly string[]>> = {
  'both.test': ['2001:db8::1', '127.0.0.1'],
  'healthy.test': ['127.0.0.1'],
};

async function outcomes(): Promise<OwnNetworkOutcomes> {
  const dns = await startDnsServer((name) => addresses[name] ?? silence, dnsPort);
  const { key, certificate: cert } = makeTlsCertificate(Date.now(), { dnsNames: Object.keys(addresses) });
  const endpoint = await startRecordingEndpoint(undefined, { key, cert });
  const allowlist = parseAllowlist('127.0.0.0/8,198.51.100.0/24,2001:db8::/32');
  if (allowlist === undefined) throw new TypeError('the allowlist must be valid');
  const client = createUndiciHttpClient({ allowlist, connectOptions: () => ({ ca: cert }) });
  const send = async (origin: string): Promise<number | string> => {
    try {
      const result = await client.send(
        { method: 'POST', origin, path: '/', headers: {} },
        {
          timeoutMs: 60_000,
          signal: AbortSignal.timeout(60_000),
          transport: defaultTransport,
          readSuccessBody: false,
        },
      );
      return result.kind === 'answer' ? result.answer.status : result.kind;
    } catch (error) {
      if (error instanceof Failure) return error.code;
      throw error;
    }
  };
  const { port } = new URL(endpoint.origin);
  let silentNamesEnded = 0;
  for (let silent = 0; silent < silentNames; silent += 1) {
    void send(`https://silent-${silent}.test`).finally(() => (silentNamesEnded += 1));
  }
  await dns.questions(2 * silentNames);
  return {
    besideSilentNames: await send(`https://healthy.test:${port}`),
    silentNamesEnded,
    bothFamilies: await send(`https://both.test:${port}`),
    withoutRoute: await send('https://198.51.100.7'),
  };
}

process.stdout.write(JSON.stringify(await outcomes()));
process.exit();
