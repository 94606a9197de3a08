import { CreateSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, expect, test } from 'vitest';
import type { Clients } from '../../fixtures/clients.ts';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { makeCertificateAuthority, type TlsCertificate } from '../../servers/endpoints/tls-certificate.ts';
import { newMessage, type RateStory, sharedRate } from '../rate/rate-story.ts';

const authority = makeCertificateAuthority(Date.now());
const stranger = makeCertificateAuthority(Date.now(), 'another authority');
const uncached = { CACHE_SECONDS: '0', RETRY_BASE_DELAY_MS: '900000' };

let story: RateStory;
let secrets: Clients['secrets'];
let endpoint: RecordingEndpoint;
let caSecretArn: string;
let numbers = 0;

sharedRate.beforeAll(async ({ story: told, clients }) => {
  [story, secrets] = [told, clients.secrets];
  const { key, certificate } = authority.issue({});
  endpoint = await startRecordingEndpoint(undefined, {
    key,
    cert: certificate,
    ca: authority.certificate,
    requestCert: true,
  });
  caSecretArn = await newSecret(authority.certificate);
});

afterAll(() => endpoint.close());

async function newSecret(SecretString: string): Promise<string> {
  numbers += 1;
  const { ARN = '' } = await secrets.send(new CreateSecretCommand({ Name: `team/tls-${numbers}`, SecretString }));
  return ARN;
}

const putSecret = (SecretId: string, SecretString: string) =>
  secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));

const asJson = ({ certificate, key }: TlsCertificate) => JSON.stringify({ certificate, privateKey: key });
const asText = ({ certificate, key }: TlsCertificate) => `${key}${certificate}`;

async function setUp(path: string, policy: object) {
  const destination = await story.createDestination(path, 300, { InvocationEndpoint: `${endpoint.origin}/${path}` });
  await destination.policy('Put', policy);
  const received = () => endpoint.requests.filter((request) => request.path === `/${path}`);
  return { name: destination.name, received, clients: () => received().map(({ clientName }) => clientName) };
}

test('two destinations with the same origin use different client certificates and connections', async () => {
  const [orders, invoices] = await Promise.all(
    [asJson, asText].map(async (print, index) => {
      const commonName = ['orders', 'invoices'][index] ?? '';
      const ClientCertificateSecretArn = await newSecret(print(authority.issue({ commonName })));
      return setUp(commonName, { ClientCertificateSecretArn, CaCertificateSecretArn: caSecretArn });
    }),
  );
  if (orders === undefined || invoices === undefined) expect.fail('There are not two destinations.');
  const worker = await story.startWorker(uncached);
  const batch = [orders, invoices, orders, invoices].map(({ name }) => newMessage(name));
  expect(await worker.deliverQueued(...batch)).toEqual([]);
  expect(await worker.deliverQueued(...batch)).toEqual([]);
  expect([orders.clients(), invoices.clients()]).toEqual([Array(4).fill('orders'), Array(4).fill('invoices')]);
  const requests = [...orders.received(), ...invoices.received()];
  const connections = new Set(requests.map(({ connection }) => connection));
  const clientsOfConnections = new Set(requests.map(({ connection, clientName }) => `${connection} ${clientName}`));
  expect(clientsOfConnections.size).toBe(connections.size);
});

test('a new client certificate in the secret is used without a restart', async () => {
  const secretArn = await newSecret(asJson(authority.issue({ commonName: '2025' })));
  const { name, clients } = await setUp('rotated', {
    ClientCertificateSecretArn: secretArn,
    CaCertificateSecretArn: caSecretArn,
  });
  const worker = await story.startWorker(uncached);
  await worker.deliver(name);
  await putSecret(secretArn, asJson(authority.issue({ commonName: '2026' })));
  expect(await worker.deliver(name)).toMatchObject({ outcome: 'delivered' });
  expect(clients()).toEqual(['2025', '2026']);
});

test('an event is delivered only after the policy has the certificate authority of the server', async () => {
  const CaCertificateSecretArn = await newSecret(stranger.certificate);
  const ClientCertificateSecretArn = await newSecret(asJson(authority.issue({ commonName: 'pinned' })));
  const { name, clients } = await setUp('pinned', { ClientCertificateSecretArn, CaCertificateSecretArn });
  const worker = await story.startWorker(uncached);
  expect(await worker.deliver(name)).toMatchObject({ outcome: 'deferred', code: 'TlsFailed' });
  expect(clients()).toEqual([]);
  await putSecret(CaCertificateSecretArn, authority.certificate);
  expect(await worker.deliver(name)).toMatchObject({ outcome: 'delivered' });
});

test.each([
  ['contains no certificate', () => 'certificate-canary', 'It holds no certificate in PEM.'],
  [
    'contains the key of another certificate',
    () => asJson({ ...authority.issue({}), key: authority.key }),
    'Its private key does not belong to its first certificate.',
  ],
  [
    'contains an expired certificate',
    () => asJson(authority.issue({}, Date.now() - 365 * 86_400_000)),
    expect.stringMatching(/The certificate expired on /),
  ],
])(
  'an event is deferred when the client certificate secret %s, and the error names the API destination',
  async (_, text, problem) => {
    const ClientCertificateSecretArn = await newSecret(text());
    const { name, received } = await setUp(`held-${numbers}`, { ClientCertificateSecretArn });
    const worker = await story.startWorker(uncached);
    const held = (await worker.deliver(name)) as { readonly reason: string };
    expect(held).toMatchObject({ outcome: 'deferred', code: 'InvalidPolicySecret', attempts: 0 });
    const [, said] = held.reason.split(`The client certificate secret of API destination '${name}' cannot be used. `);
    expect(said).toEqual(problem);
    expect([JSON.stringify(held).includes('canary'), received()]).toEqual([false, []]);
  },
);
