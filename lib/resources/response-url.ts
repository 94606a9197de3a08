import type { AddressAllowlist } from '../core/address/address.ts';
import { isLoopbackHost, refusedHost } from '../core/address/address.ts';

/**
 * Hosts of Amazon S3: with or without a bucket, a region, `-fips` and `.dualstack`. Source: AWS general reference, Amazon S3
 * endpoints.
 */
const s3Host =
  /^(?:[a-z0-9][a-z0-9-]{1,62}\.)?s3(?:-fips)?(?:\.dualstack)?(?:[.-][a-z]{2}(?:-[a-z]+){1,3}-[0-9]+)?\.amazonaws\.(?:com|com\.cn|eu)$/;

/**
 * Checks the address to which an answer goes. CloudFormation always sends a pre-signed URL of Amazon S3.
 *
 * Failure policy: everything else is refused, because otherwise everybody who may invoke this function could make it send a
 * request to any address. Only the local stack also answers loopback addresses, which its allowlist opens.
 *
 * @returns undefined for an address that is refused
 */
export function parseResponseUrl(text: string, allowlist: AddressAllowlist): URL | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  if (url.protocol === 'https:' && url.port === '' && s3Host.test(url.hostname)) return url;
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  const isOpenLoopback = isLoopbackHost(url.hostname) && refusedHost(url.hostname, allowlist) === undefined;
  return isHttp && isOpenLoopback ? url : undefined;
}
