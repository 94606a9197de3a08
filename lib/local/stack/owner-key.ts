import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { StartError } from './data-folder.ts';

/** The key of the person who has started a stack with `--auth`. It signs requests, and is never sent itself. */
export interface OwnerKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const ownerId = 'owner';

/**
 * The key lies in a file that only this user can read, so that the commands find it: without it, nobody could create the first API
 * key.
 */
function fileOf(port: number): string {
  return join(homedir(), '.lastmile', `${port}.key`);
}

/** @throws StartError when the file cannot be written */
export function writeOwnerKey(port: number, secretAccessKey: string): void {
  const file = fileOf(port);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // A file of an earlier stack may have other permissions.
    rmSync(file, { force: true });
    writeFileSync(file, secretAccessKey, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    const wayOut = 'Set HOME to a folder that you may write.';
    throw new StartError(`--auth cannot write the file of your key, ${file} (${code ?? 'unknown'}). ${wayOut}`, {
      cause: error,
    });
  }
}

export function removeOwnerKey(port: number): void {
  rmSync(fileOf(port), { force: true });
}

/** @returns undefined when no stack with `--auth` was started at this port */
export function readOwnerKey(port: number): OwnerKey | undefined {
  try {
    return { accessKeyId: ownerId, secretAccessKey: readFileSync(fileOf(port), 'utf8').trim() };
  } catch {
    return undefined;
  }
}
