import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, extname, join } from 'node:path';
import type { PageFile, PageFiles } from '../door/door.ts';

/** The folder of package.json: the checkout, or the installed package. */
const root = dirname(findPackageJSON('.', import.meta.url) ?? '.');

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The built page. A checkout builds it when a browser first asks for it, and again when its source has changed. The package holds
 * it.
 */
export function createPageFiles(): PageFiles {
  let folder: Promise<string> | undefined;
  return {
    async read(name) {
      // The source may have changed since the page was last opened, or a mistake in it may be corrected.
      if (name === 'index.html') folder = undefined;
      folder ??= findFolder();
      return await readPageFile(await folder, name);
    },
  };
}

async function findFolder(): Promise<string> {
  if (!existsSync(join(root, 'lib/console/page'))) return join(root, 'dist/console');
  const { buildPageOnce } = await import('./build-page.ts');
  return await buildPageOnce(root);
}

/** A name without slashes cannot leave the folder. */
const fileName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,100}$/;

async function readPageFile(folder: string, name: string): Promise<PageFile | undefined> {
  const contentType = contentTypes[extname(name)];
  if (contentType === undefined || !fileName.test(name)) return undefined;
  try {
    return { contentType, body: await readFile(join(folder, name)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
