import type { IncomingMessage } from 'node:http';
import type { CreateConnectionCommandInput } from '@aws-sdk/client-eventbridge';
import type { DemoOAuthProvider } from '../lib/commands/demo/demo-servers.ts';
import type { DestinationName } from './plan.ts';

/** The credentials with which a connection is created and updated. */
export type ConnectionCredentials = Pick<CreateConnectionCommandInput, 'AuthorizationType' | 'AuthParameters'>;

type Headers = IncomingMessage['headers'];

/** Makes and checks credentials of one authorization type. Each number stands for other credentials. */
interface CredentialKind {
  of(number: number): ConnectionCredentials;
  accepts(headers: Headers, number: number): Promise<boolean>;
}

/** The rotating credentials of one destination. The endpoint accepts old and new credentials until the stack has the new ones. */
export class RotatingCredentials {
  readonly #kind: CredentialKind;
  #number = 0;
  #accepted: readonly number[] = [0];

  constructor(destination: DestinationName, provider: DemoOAuthProvider) {
    this.#kind = kindOf(destination, provider);
  }

  get current(): ConnectionCredentials {
    return this.#kind.of(this.#number);
  }

  /** From now on the endpoint accepts the old and the new credentials. */
  begin(): ConnectionCredentials {
    this.#number += 1;
    this.#accepted = [this.#number - 1, this.#number];
    return this.current;
  }

  /** From now on the endpoint refuses the old credentials. */
  end(): void {
    this.#accepted = [this.#number];
  }

  async accept(headers: Headers): Promise<boolean> {
    const answers = await Promise.all(this.#accepted.map((number) => this.#kind.accepts(headers, number)));
    return answers.includes(true);
  }
}

/** Two clients of the OAuth provider. Each rotation switches to the client that is not in use. */
export const soakClients = [
  { id: 'soak-even', secret: 'soak-even-secret' },
  { id: 'soak-odd', secret: 'soak-odd-secret' },
] as const;

/** A worker renews a token one minute before it expires, so each token is renewed after one minute. */
export const soakTokenSeconds = 120;

function kindOf(destination: DestinationName, provider: DemoOAuthProvider): CredentialKind {
  switch (destination) {
    case 'healthy':
      return oauth(provider);
    case 'failing':
    case 'hung':
    case 'unresolvable':
      return {
        of: (number) => ({
          AuthorizationType: 'API_KEY',
          AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-soak', ApiKeyValue: `key-${number}` } },
        }),
        accepts: async (headers, number) => headers['x-soak'] === `key-${number}`,
      };
    case 'slow':
      return {
        of: (number) => ({
          AuthorizationType: 'BASIC',
          AuthParameters: { BasicAuthParameters: { Username: 'soak', Password: `password-${number}` } },
        }),
        accepts: async (headers, number) =>
          headers.authorization === `Basic ${Buffer.from(`soak:password-${number}`).toString('base64')}`,
      };
  }
}

function oauth(provider: DemoOAuthProvider): CredentialKind {
  const client = (number: number) => soakClients[number % 2 === 0 ? 0 : 1];
  return {
    of: (number) => ({
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: {
        OAuthParameters: {
          AuthorizationEndpoint: provider.url,
          HttpMethod: 'POST',
          ClientParameters: { ClientID: client(number).id, ClientSecret: client(number).secret },
        },
      },
    }),
    async accepts({ authorization = '' }, number) {
      return (await provider.clientOf(authorization.replace(/^Bearer /, ''))) === client(number).id;
    },
  };
}
