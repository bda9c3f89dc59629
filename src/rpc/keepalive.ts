import type { ServerHttp2Session } from 'node:http2';
import type { Clock, Timer } from '../base/clock.ts';

/**
 * Pings an HTTP/2 connection every `pingIntervalMs` and destroys it when a ping is not answered within
 * `pingTimeoutMs`: a peer that vanished without a word would hold its streams for ever. Returns how to stop.
 */
export function keepAlive(
  session: ServerHttp2Session,
  options: { readonly clock: Clock; readonly pingIntervalMs: number; readonly pingTimeoutMs: number },
): () => void {
  const { clock, pingIntervalMs, pingTimeoutMs } = options;
  let pending: Timer | undefined;
  const interval = clock.every(pingIntervalMs, () => {
    if (pending !== undefined || session.destroyed) return;
    const timeout = clock.after(pingTimeoutMs, () => session.destroy());
    pending = timeout;
    const sent = session.ping(() => {
      timeout.cancel();
      pending = undefined;
    });
    // Too many unanswered pings, or the session closes: the timeout decides.
    if (!sent) pending = timeout;
  });
  return () => {
    interval.cancel();
    pending?.cancel();
  };
}
