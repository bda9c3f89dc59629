import { createReadStream } from 'node:fs';
import { messageOf } from '../base/error.ts';
import { UsageError } from './usage-error.ts';

/** Most characters of one line: what the hub would take at most, and room for its form. */
const lineCharsMax = 16 * 1024 * 1024;

/**
 * The lines of a file, `-` for standard input, as they come: the input may be endless. Empty lines are left out. Ends when
 * the signal aborts.
 * Throws UsageError that names the file for one that cannot be read, and for a line that is too long.
 */
export async function* inputLines(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  input.setEncoding('utf8');
  const stop = (): void => void input.destroy();
  signal.addEventListener('abort', stop, { once: true });
  let rest = '';
  let count = 0;
  try {
    for await (const chunk of input as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        count += 1;
        if (line.trim() !== '') yield line.replace(/\r$/, '');
      }
      if (rest.length > lineCharsMax) {
        throw new UsageError(`${path}, line ${count + 1} is longer than ${lineCharsMax} characters`);
      }
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof UsageError) throw error;
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new UsageError(`cannot read ${path}: ${isMissing ? 'there is no such file' : messageOf(error)}`);
  } finally {
    signal.removeEventListener('abort', stop);
    // A reader that stops early (--count) lets go of the file.
    input.destroy();
  }
  if (rest.trim() !== '') yield rest.replace(/\r$/, '');
}
