import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';

/** What a connection speaks: `tls` begins with a handshake record, `h2` with HTTP/2's preface; `other` is HTTP/1.1 or nonsense. */
export type WireProtocol = 'tls' | 'h2' | 'other';

/** What every HTTP/2 connection begins with. RFC 9113, section 3.4. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** First byte of a TLS handshake record. RFC 8446, section 5.1. No HTTP method begins with it. */
const handshakeRecord = 0x16;

/**
 * Reads the first bytes of a connection and tells what it speaks, as soon as that is certain; the bytes stay
 * readable for whoever takes the socket then, which is paused. A connection that says too little within `timeoutMs`, or ends, is
 * destroyed without an answer: nobody knows in which protocol.
 */
export function sniff(
  socket: Socket,
  options: { readonly clock: Clock; readonly timeoutMs: number },
  decide: (protocol: WireProtocol) => void,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const stop = (): void => {
    timer.cancel();
    socket.removeListener('data', onData);
    socket.removeListener('end', onEnd);
    socket.removeListener('close', stop);
  };
  const onEnd = (): void => {
    stop();
    socket.destroy();
  };
  const timer = options.clock.after(options.timeoutMs, onEnd);
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const protocol = protocolOf(seen);
    if (protocol === undefined) return;
    stop();
    socket.pause();
    socket.unshift(seen);
    decide(protocol);
  };
  socket.on('data', onData);
  socket.once('end', onEnd);
  socket.once('close', stop);
}

/** Undefined while it may still be HTTP/2. */
function protocolOf(seen: Buffer): WireProtocol | undefined {
  if (seen[0] === handshakeRecord) return 'tls';
  const length = Math.min(seen.length, preface.length);
  if (!preface.subarray(0, length).equals(seen.subarray(0, length))) return 'other';
  return length < preface.length ? undefined : 'h2';
}
