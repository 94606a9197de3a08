import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 bits: nobody can guess it, so no count of wrong guesses is needed. */
const tokenBytes = 32;

/**
 * The right to use one console. Its token is in the first URL that the person opens, and then in a cookie that scripts cannot read.
 * The process that serves the console keeps the token in memory only, so a restart ends every session.
 */
export class ConsoleSession {
  readonly #token: string;

  constructor(token = randomBytes(tokenBytes).toString('base64url')) {
    this.#token = token;
  }

  /** The address that a person opens first. */
  firstUrl(url: string): string {
    return `${url}/?token=${this.#token}`;
  }

  accepts(token: string): boolean {
    return timingSafeEqual(digest(token), digest(this.#token));
  }

  /** @param port is part of the cookie's name, because a browser sends a cookie to every port of a host */
  cookie(port: number): string {
    return `${cookieName(port)}=${this.#token}; Path=/; HttpOnly; SameSite=Strict`;
  }

  acceptsCookie(header: string | undefined, port: number): boolean {
    const prefix = `${cookieName(port)}=`;
    const cookies = (header ?? '').split('; ').filter((each) => each.startsWith(prefix));
    return cookies.some((cookie) => this.accepts(cookie.slice(prefix.length)));
  }
}

function cookieName(port: number): string {
  return `lastmile-console-${port}`;
}

/** Digests have one length, which the comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
