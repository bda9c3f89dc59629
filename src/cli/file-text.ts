import { readFile } from 'node:fs/promises';
import { messageOf } from '../base/error.ts';
import { UsageError } from './usage-error.ts';

/** Most bytes that a file or standard input may hold: what the hub would take at most, and room for its form. */
const fileBytesMax = 16 * 1024 * 1024;

/** The bytes of a file; `-` is standard input. Throws UsageError that names the file. */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  try {
    const bytes = path === '-' ? await readStandardInput() : await readFile(path);
    if (bytes.length > fileBytesMax) throw new Error(`larger than ${fileBytesMax} bytes`);
    return bytes;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new UsageError(`cannot read ${path}: ${isMissing ? 'there is no such file' : messageOf(error)}`);
  }
}

/** The text of a file; `-` is standard input. */
export async function readFileText(path: string): Promise<string> {
  return new TextDecoder().decode(await readFileBytes(path));
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > fileBytesMax) throw new Error(`more than ${fileBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
