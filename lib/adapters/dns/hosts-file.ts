import { readFileSync, statSync } from 'node:fs';
import { type HostsFile, parseHostsFile } from '../../core/address/hosts-file.ts';
import type { Clock } from '../../ports/clock.ts';

/** The file is checked for changes at most this often. */
const checkEveryMs = 2000;

const systemPath =
  process.platform === 'win32' ? `${process.env['SystemRoot']}\\System32\\drivers\\etc\\hosts` : '/etc/hosts';

/** Returns the addresses that the hosts file has for a name in lower case; undefined when the file does not have the name. */
export type HostsFileAddresses = (name: string) => readonly string[] | undefined;

/**
 * Looks names up in the hosts file. The file is checked every two seconds at most, and read again when it has changed. It is read
 * synchronously, because an asynchronous read needs a thread, and the look-ups of other clients may occupy all threads.
 *
 * Failure policy: a file that cannot be read counts as empty. Name servers are then asked, as they would be without the file.
 */
export function createHostsFile(clock: Clock, path: string = systemPath): HostsFileAddresses {
  let hosts: HostsFile = new Map();
  let version = '';
  let checkedAtMs = Number.NEGATIVE_INFINITY;

  function check(): void {
    try {
      const { mtimeMs, size, ino } = statSync(path);
      const current = `${mtimeMs} ${size} ${ino}`;
      if (current !== version) hosts = parseHostsFile(readFileSync(path, 'utf8'));
      version = current;
    } catch {
      hosts = new Map();
      version = '';
    }
  }

  return (name) => {
    const nowMs = clock.nowMs();
    // The clock may have been set back.
    if (Math.abs(nowMs - checkedAtMs) >= checkEveryMs) {
      check();
      checkedAtMs = nowMs;
    }
    return hosts.get(name);
  };
}
