/**
 * User name and password of a URL: from behind its scheme up to the last @ before the path. As the WHATWG URL standard reads
 * it, there may be any number of slashes of either kind before them, also none, with line breaks and tabs between.
 */
const userinfo = /^([^:]*:[\\/\s]*)(?![\\/\s])[^\\/?#]*@/;

export function hasUserinfo(url: string): boolean {
  return userinfo.test(url);
}

/** The URL as it may be shown. */
export function maskUserinfo(url: string): string {
  return url.replace(userinfo, '$1***@');
}
