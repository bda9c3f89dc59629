import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Clock } from '../../base/clock.ts';
import { ConnectFault, type ConnectReason, codeOf } from '../connect-fault.ts';
import type { Egress } from '../egress.ts';
import { firstValue } from '../headers.ts';
import { connectTimeoutMs, replyBytesMax } from '../limits.ts';
import { parseRetryAfter } from '../retry-after.ts';
import type { TargetAddress } from '../target-address.ts';
import type { TlsIdentity } from '../tls-identity.ts';

/** What an answer may have around its payload. */
const answerOverheadBytes = 64 * 1024;
/** Largest message of a target: a payload of the largest size as base64. A larger one ends the connection. */
export const answerBytesMax = Math.ceil(replyBytesMax / 3) * 4 + answerOverheadBytes;
/** Time that a target gets to answer a closing handshake, ms. */
const closeTimeoutMs = 2000;

/** One way to one target: calls that agree in all of it share a connection. */
export interface WebSocketTarget {
  readonly address: TargetAddress;
  readonly headers: Readonly<Record<string, string>>;
  readonly subprotocol: string | undefined;
  readonly identity: TlsIdentity | undefined;
  readonly pingIntervalMs: number;
}

/** The target answered the upgrade with another status than 101. */
export class UpgradeRefused extends ConnectFault {
  readonly status: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, retryAfterMs: number | undefined) {
    super('connect_failed', `the upgrade to WebSocket was refused with HTTP ${status}`);
    this.status = String(status);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Connects and upgrades. Until that is done no byte of a message is written, so that whatever goes wrong here is
 * {@link ConnectFault} and proves that nothing was sent. Compression is off: an answer's size is what came.
 */
export async function upgrade(
  target: WebSocketTarget,
  { egress, clock, signal }: { readonly egress: Egress; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<{ readonly ws: WebSocket; readonly socket: Socket }> {
  const { address, identity } = target;
  const startMs = clock.monotonic();
  const socket = await egress.connect(
    {
      host: address.host,
      port: address.port,
      ...(address.tls ? { alpn: ['http/1.1'], identity } : {}),
    },
    { timeoutMs: connectTimeoutMs, signal },
  );
  const options = {
    createConnection: () => socket,
    headers: { 'user-agent': 'switchyard', ...target.headers },
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: answerBytesMax,
    closeTimeout: closeTimeoutMs,
  };
  const url = `${address.tls ? 'wss' : 'ws'}://${address.authority}${address.basePath || '/'}`;
  const ws = new WebSocket(url, target.subprotocol === undefined ? [] : [target.subprotocol], options);
  // Whoever waits hears of an error from the listeners below; later ones end the connection.
  ws.on('error', () => undefined);
  try {
    await opened(ws, { clock, signal, timeoutMs: connectTimeoutMs - (clock.monotonic() - startMs) });
    return { ws, socket };
  } catch (thrown) {
    ws.terminate();
    socket.destroy();
    throw thrown;
  }
}

function opened(
  ws: WebSocket,
  {
    clock,
    signal,
    timeoutMs,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (fault?: ConnectFault): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      ws.off('open', onOpen).off('error', onError).off('unexpected-response', onResponse);
      if (fault === undefined) resolve();
      else reject(fault);
    };
    const onAbort = (): void => settle(new ConnectFault('cancelled', 'given up while connecting'));
    const onOpen = (): void => settle();
    const onError = (error: Error): void => settle(handshakeFault(error));
    const onResponse = (_: unknown, response: IncomingMessage): void => {
      const retryAfterMs = parseRetryAfter(firstValue(response.headers, 'retry-after'), clock.now());
      settle(new UpgradeRefused(response.statusCode ?? 0, retryAfterMs));
    };
    const timer = clock.after(timeoutMs, () =>
      settle(new ConnectFault('connect_timeout', 'connected, but the upgrade to WebSocket is not answered')),
    );
    signal.addEventListener('abort', onAbort, { once: true });
    ws.on('open', onOpen).on('error', onError).on('unexpected-response', onResponse);
    if (signal.aborted) onAbort();
  });
}

function handshakeFault(error: Error): ConnectFault {
  const code = codeOf(error);
  const fault = (reason: ConnectReason, cause: string) => new ConnectFault(reason, cause, error);
  if (code === 'HPE_HEADER_OVERFLOW')
    return fault('garbage', 'the headers of the answer to the upgrade are larger than 16 KiB');
  if (code.startsWith('HPE_'))
    return fault('garbage', `the answer to the upgrade is not HTTP: ${error.message}`);
  if (code !== '') return fault('connect_failed', `the connection ended during the upgrade: ${code}`);
  return fault('garbage', `the answer to the upgrade does not fit: ${error.message}`);
}
