import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';

/** What every HTTP/2 connection begins with. RFC 9113, section 3.4. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * Reads the first bytes of a connection and tells whether it is HTTP/2, as soon as that is certain; the bytes stay
 * readable for whoever takes the socket then. A connection that says too little within `timeoutMs`, or ends, is
 * destroyed without an answer: nobody knows in which protocol.
 */
export function sniffHttp2(
  socket: Socket,
  options: { readonly clock: Clock; readonly timeoutMs: number },
  decide: (isHttp2: boolean) => void,
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
    const length = Math.min(seen.length, preface.length);
    const matches = preface.subarray(0, length).equals(seen.subarray(0, length));
    if (matches && length < preface.length) return;
    stop();
    socket.pause();
    socket.unshift(seen);
    decide(matches);
    // HTTP/2 takes the bytes from the buffer itself; HTTP/1.1 waits for them to flow.
    if (!matches) socket.resume();
  };
  socket.on('data', onData);
  socket.once('end', onEnd);
  socket.once('close', stop);
}
