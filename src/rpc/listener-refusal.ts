import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';

/** How long a refused peer may keep its side open, in ms. */
const lingerMs = 500;

/**
 * Refuses a connection as a whole, in words and in the HTTP version that the client speaks, without reading what it
 * sends: `400 Bad Request`, or GOAWAY with the text.
 */
export function refuseConnection(
  socket: Socket,
  protocol: 'h1' | 'h2',
  { clock, text }: { readonly clock: Clock; readonly text: string },
): void {
  // What it sends is dropped, not kept in memory.
  socket.resume();
  socket.end(protocol === 'h2' ? http2Refusal(text) : http1Refusal(text));
  clock.after(lingerMs, () => socket.destroy());
}

function http1Refusal(text: string): string {
  return [
    'HTTP/1.1 400 Bad Request',
    'content-type: text/plain; charset=utf-8',
    `content-length: ${Buffer.byteLength(text) + 1}`,
    'connection: close',
    '',
    `${text}\n`,
  ].join('\r\n');
}

/** Empty SETTINGS, which a server must send first, and GOAWAY. RFC 9113, sections 6.5 and 6.8. */
function http2Refusal(text: string): Buffer {
  const head = Buffer.alloc(8);
  // Last stream 0: nothing was executed. INADEQUATE_SECURITY.
  head.writeUInt32BE(0xc, 4);
  return Buffer.concat([frame(0x4, Buffer.alloc(0)), frame(0x7, Buffer.concat([head, Buffer.from(text)]))]);
}

function frame(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  return Buffer.concat([head, payload]);
}
