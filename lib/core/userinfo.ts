/** User name and password of a URL, up to the last @ before the path. */
const userinfo = /(:[\\/]{2})[^\\/?#]*@/;

export function hasUserinfo(url: string): boolean {
  return userinfo.test(url);
}

/** The URL as it may be shown. */
export function maskUserinfo(url: string): string {
  return url.replace(userinfo, '$1***@');
}
