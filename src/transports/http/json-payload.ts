import { isUtf8 } from 'node:buffer';

/** Whether bytes are one JSON text in UTF-8, so that they can stand within another. */
export function isJson(data: Uint8Array): boolean {
  if (!isUtf8(data)) return false;
  try {
    JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
    return true;
  } catch {
    // Not JSON after all: it goes as base64.
    return false;
  }
}
