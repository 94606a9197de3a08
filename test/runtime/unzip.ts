import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const endOfDirectory = 0x06054b50;
const deflated = 8;

/**
 * Unpacks a zip file from its central directory, as Lambda does. Source: APPNOTE.TXT of PKWARE, sections 4.3.7, 4.3.12,
 * 4.3.16.
 */
export function unzip(file: string, folder: string): void {
  const zip = readFileSync(file);
  const end = zip.length - 22;
  if (zip.readUInt32LE(end) !== endOfDirectory) throw new Error(`${file} is no zip, or has a comment.`);
  let entry = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, size] = [zip.readUInt16LE(entry + 10), zip.readUInt32LE(entry + 20)];
    const [nameLength, extraLength] = [zip.readUInt16LE(entry + 28), zip.readUInt16LE(entry + 30)];
    const header = zip.readUInt32LE(entry + 42);
    const name = zip.toString('utf8', entry + 46, entry + 46 + nameLength);
    const data = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
    const packed = zip.subarray(data, data + size);
    const path = join(folder, name);
    if (!path.startsWith(join(folder, '/'))) throw new Error(`${name} leads out of the folder.`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, method === deflated ? inflateRawSync(packed) : packed);
    entry += 46 + nameLength + extraLength + zip.readUInt16LE(entry + 32);
  }
}
