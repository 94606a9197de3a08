import type { SecretWriter } from '../../lib/ports/control.ts';
import type { SecretReader } from '../../lib/ports/delivery.ts';

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly texts: Map<string, string>;
  current: string;
}

export interface InMemorySecrets extends SecretWriter, SecretReader {
  names(): readonly string[];
}

export function createInMemorySecrets(): InMemorySecrets {
  const secrets = new Map<string, Secret>();
  let versions = 0;
  const find = (secretId: string): Secret | undefined =>
    secrets.get(secretId) ?? [...secrets.values()].find(({ arn }) => arn === secretId);

  function require(secretId: string): Secret {
    const secret = find(secretId);
    if (secret === undefined) throw new Error('There is no such secret.');
    return secret;
  }

  function newVersion(): string {
    versions += 1;
    return `version-${versions}`;
  }

  return {
    async create(name, text) {
      const existing = secrets.get(name);
      if (existing !== undefined) {
        if (existing.texts.get(existing.current) !== text) throw new Error('There is another secret of that name.');
        return { secretArn: existing.arn, version: existing.current };
      }
      const version = newVersion();
      const arn = `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-AbCdEf`;
      secrets.set(name, { name, arn, texts: new Map([[version, text]]), current: version });
      return { secretArn: arn, version };
    },
    async addVersion(secretArn, text) {
      const version = newVersion();
      require(secretArn).texts.set(version, text);
      return { version };
    },
    async makeCurrent(secretArn, version) {
      const secret = require(secretArn);
      if (!secret.texts.has(version)) throw new Error('There is no such version.');
      secret.current = version;
    },
    async remove(secretId) {
      const secret = find(secretId);
      if (secret !== undefined) secrets.delete(secret.name);
    },
    async read(secretArn, version) {
      const secret = find(secretArn);
      const actual = version === 'AWSCURRENT' ? secret?.current : version;
      const text = actual === undefined ? undefined : secret?.texts.get(actual);
      return actual === undefined || text === undefined ? undefined : { version: actual, text };
    },
    names: () => [...secrets.keys()],
  };
}
