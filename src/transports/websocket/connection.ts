import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Clock, Timer } from '../../base/clock.ts';
import { ConnectFault, codeOf } from '../connect-fault.ts';
import {
  keepAliveMs,
  websocketBufferedBytesMax,
  websocketCallsMax,
  websocketStrayAnswersMax,
} from '../limits.ts';
import type { CallEnd } from '../frame/call-end.ts';
import { parseAnswer } from '../frame/frame.ts';
import { answerBytesMax } from './upgrade.ts';

/** How often a connection looks after itself at least, ms. */
const tickMsMax = 10_000;
/** A ping that is not answered for this long ends the connection, unless an answer is visibly on its way. */
const pongTimeoutMs = 10_000;
/** Bytes within {@link pongTimeoutMs} that count as an answer on its way: a pong cannot overtake it. */
const progressBytesMin = 64 * 1024;
/** After so long without a call, pending news of the socket are read before it is used again. */
const restingMs = 1000;

type Broken = Extract<CallEnd, { kind: 'broken' }>;

/** How long a call may wait. */
export interface CallWait {
  /** Epoch ms. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** One open WebSocket: many calls at once, told apart by their ids. */
export class WebSocketConnection {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #pingIntervalMs: number;
  readonly #ticker: Timer;
  readonly #inFlight = new Set<(end: CallEnd) => void>();
  readonly #awaiting = new Map<string, (end: CallEnd) => void>();
  /** Probes that wait for a pong, by what their ping holds. */
  readonly #pings = new Map<string, (fault?: ConnectFault) => void>();
  #pingCount = 0;
  #overdue: Timer | undefined;
  #broken: Broken | undefined;
  #retired = false;
  #lastUsedMs: number;
  #heardMs: number;
  /** Messages since the last answer that somebody waited for: late, doubled or made up. */
  #strayInRow = 0;
  /** Called when a call ended or the connection will take no more. */
  onChange: () => void = () => undefined;

  constructor({
    ws,
    socket,
    clock,
    pingIntervalMs,
  }: {
    readonly ws: WebSocket;
    readonly socket: Socket;
    readonly clock: Clock;
    readonly pingIntervalMs: number;
  }) {
    this.#ws = ws;
    this.#socket = socket;
    this.#clock = clock;
    this.#pingIntervalMs = pingIntervalMs;
    this.#lastUsedMs = clock.monotonic();
    this.#heardMs = this.#lastUsedMs;
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    ws.on('pong', (data) => this.#onPong(data.toString('latin1')));
    ws.on('error', (error) => this.#break(brokenBy(error)));
    ws.on('close', (code) => this.#break({ kind: 'broken', reason: 'reset', cause: closeText(code) }));
    socket.once('close', () => this.onChange());
    this.#ticker = clock.every(Math.min(tickMsMax, pingIntervalMs), () => this.#tick());
  }

  /** Whether new calls may begin on it, now or when there is room. */
  get usable(): boolean {
    return !this.#retired && this.#ws.readyState === this.#ws.OPEN;
  }

  /** Calls that may begin now. */
  get room(): number {
    if (!this.usable || this.#ws.bufferedAmount > websocketBufferedBytesMax) return 0;
    return websocketCallsMax - this.#inFlight.size;
  }

  /** True once the socket is gone. */
  get closed(): boolean {
    return this.#socket.closed;
  }

  /** True after a rest: the target may have closed the connection without this process having read it yet. */
  get resting(): boolean {
    return this.#inFlight.size === 0 && this.#clock.monotonic() - this.#lastUsedMs > restingMs;
  }

  /**
   * Gives a frame to the socket. With an id it ends with the answer of that id, without one as soon as the frame is
   * written. Never rejects; whatever happens from here on, the target may have read it.
   */
  call(frame: Buffer, id: string | undefined, { deadlineMs, signal }: CallWait): Promise<CallEnd> {
    return new Promise((resolve) => {
      const settle = (end: CallEnd): void => {
        if (!this.#inFlight.delete(settle)) return;
        if (id !== undefined) this.#awaiting.delete(id);
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#lastUsedMs = this.#clock.monotonic();
        resolve(end);
        if (this.#retired && this.#inFlight.size === 0) this.#ws.close(1000);
        this.onChange();
      };
      const onAbort = (): void => settle({ kind: 'cancelled' });
      const timer = this.#clock.after(deadlineMs - this.#clock.now(), () => {
        settle({ kind: 'deadline' });
        // Slow, or gone: the next calls should not have to find out.
        this.#checkAlive();
      });
      signal.addEventListener('abort', onAbort, { once: true });
      this.#inFlight.add(settle);
      if (id !== undefined) this.#awaiting.set(id, settle);
      this.#ws.send(frame, { binary: false }, (error) => {
        // An error is told by the connection's end, which says more.
        if (id === undefined && !error) settle({ kind: 'handed_over' });
        // Bytes have left: there may be room again.
        else this.onChange();
      });
    });
  }

  /** Sends a ping. Resolves when its pong comes; rejects with {@link ConnectFault}. */
  ping({ deadlineMs, signal }: CallWait): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pingCount += 1;
      const name = `probe-${this.#pingCount}`;
      const settle = (fault?: ConnectFault): void => {
        this.#pings.delete(name);
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#lastUsedMs = this.#clock.monotonic();
        if (fault === undefined) resolve();
        else reject(fault);
      };
      const onAbort = (): void => settle(new ConnectFault('cancelled', 'cancelled before the pong came'));
      const timer = this.#clock.after(deadlineMs - this.#clock.now(), () =>
        settle(new ConnectFault('timeout', 'no pong in time')),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pings.set(name, settle);
      this.#ws.ping(name, true, () => undefined);
    });
  }

  /** Takes no more calls; the ones in flight finish, then the connection closes. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    if (this.#inFlight.size === 0) this.#ws.close(1000);
    this.onChange();
  }

  /** Ends it at once, calls in flight included; resolves when the socket is closed. */
  destroy(): Promise<void> {
    return new Promise((resolve) => {
      this.#break({ kind: 'broken', reason: 'reset', cause: 'the hub closed the connection' });
      if (this.#socket.closed) {
        resolve();
        return;
      }
      this.#socket.once('close', () => resolve());
      this.#socket.destroy();
    });
  }

  /** The first cause counts; what follows from it says nothing new. */
  #break(cause: Broken): void {
    if (this.#broken !== undefined) return;
    this.#broken = cause;
    this.#retired = true;
    this.#ticker.cancel();
    this.#overdue?.cancel();
    for (const settle of [...this.#inFlight]) settle(cause);
    for (const settle of [...this.#pings.values()]) settle(new ConnectFault('connect_failed', cause.cause));
    this.#ws.terminate();
    this.onChange();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#broken !== undefined) return;
    const garbage = (cause: string): void => this.#break({ kind: 'broken', reason: 'garbage', cause });
    this.#heard();
    if (isBinary) {
      garbage('the target sent a binary message; answers are JSON text messages');
      return;
    }
    const parsed = parseAnswer((data as Buffer).toString('utf8'));
    if (!parsed.ok) {
      garbage(`the target sent ${parsed.problem}`);
      return;
    }
    const settle = parsed.id === undefined ? undefined : this.#awaiting.get(parsed.id);
    if (parsed.id === undefined || settle === undefined) {
      this.#strayInRow += 1;
      if (this.#strayInRow > websocketStrayAnswersMax)
        garbage(`the target sent ${this.#strayInRow} messages in a row that nobody waits for`);
      return;
    }
    this.#strayInRow = 0;
    settle({ kind: 'answer', answer: parsed.answer });
  }

  #onPong(name: string): void {
    this.#heard();
    this.#pings.get(name)?.();
  }

  #heard(): void {
    this.#heardMs = this.#clock.monotonic();
    this.#overdue?.cancel();
    this.#overdue = undefined;
  }

  #tick(): void {
    const nowMs = this.#clock.monotonic();
    const idle = this.#inFlight.size === 0 && this.#pings.size === 0;
    if (idle && nowMs - this.#lastUsedMs >= keepAliveMs) this.retire();
    else if (nowMs - this.#heardMs >= this.#pingIntervalMs) this.#checkAlive();
  }

  /** Pings, unless an answer is awaited already, and ends the connection when nothing comes back. */
  #checkAlive(): void {
    if (this.#overdue !== undefined || this.#broken !== undefined || !this.usable) return;
    this.#ws.ping('alive', true, () => undefined);
    this.#awaitPong(this.#socket.bytesRead);
  }

  #awaitPong(bytesRead: number): void {
    this.#overdue = this.#clock.after(pongTimeoutMs, () => {
      if (this.#socket.bytesRead - bytesRead >= progressBytesMin) this.#awaitPong(this.#socket.bytesRead);
      else
        this.#break({
          kind: 'broken',
          reason: 'timeout',
          cause: `the target did not answer a ping within ${pongTimeoutMs / 1000} s; the connection counts as dead`,
        });
    });
  }
}

/** Why the connection broke, by an error of its own reading or of its socket. */
function brokenBy(error: Error): Broken {
  const code = codeOf(error);
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' || code === 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH')
    return {
      kind: 'broken',
      reason: 'reply_too_large',
      cause: `the target sent a message of more than ${answerBytesMax} bytes`,
    };
  if (code.startsWith('WS_ERR_'))
    return {
      kind: 'broken',
      reason: 'garbage',
      cause: `the target does not speak WebSocket: ${error.message}`,
    };
  return { kind: 'broken', reason: 'reset', cause: `the connection ended: ${code || error.message}` };
}

/** RFC 6455 section 7.4.1; 1005 and 1006 stand for what was not said. */
function closeText(code: number): string {
  if (code === 1006) return 'the connection ended without a closing handshake';
  return code === 1005
    ? 'the target closed the connection'
    : `the target closed the connection with code ${code}`;
}
