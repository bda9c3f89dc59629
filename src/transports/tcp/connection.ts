import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../base/clock.ts';
import type { CallWait, PooledConnection } from '../call-pool.ts';
import { codeOf } from '../connect-fault.ts';
import { keepAliveMs, tcpBufferedBytesMax, callsPerConnectionMax, tcpStrayFramesMax } from '../limits.ts';
import type { CallEnd } from '../frame/call-end.ts';
import { parseAnswer } from '../frame/frame.ts';
import { createFrameReader, type FrameReader } from './frame-reader.ts';
import type { TcpManner } from './settings.ts';

/** Time that a connection which is given up gets to write what it still has, ms. */
const lingerMs = 5000;

type Broken = Extract<CallEnd, { kind: 'broken' }>;

interface Call {
  /** Id of its envelope; undefined when its answer has none. */
  readonly id: string | undefined;
  /** What the socket had heard when it began, bytes. */
  readonly bytesReadBefore: number;
  settle(end: CallEnd): void;
}

/** Calls that one connection carries at once. */
export function callsPerConnection({ mode, correlation }: TcpManner): number {
  return mode === 'request' && correlation === 'order' ? 1 : callsPerConnectionMax;
}

/**
 * One open connection. With correlation `order` it carries one call at a time, and is given up as soon as a later
 * answer could be taken for another call's: after a call without answer, and after bytes beyond an answer.
 */
export class TcpConnection implements PooledConnection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #manner: TcpManner;
  readonly #callsMax: number;
  readonly #reader: FrameReader;
  readonly #inFlight = new Set<Call>();
  readonly #awaiting = new Map<string, Call>();
  #idle: Timer | undefined;
  #reserved = 0;
  #used = false;
  #retired = false;
  #broken: Broken | undefined;
  #strayInRow = 0;
  onChange: () => void = () => undefined;

  constructor(socket: Socket, manner: TcpManner, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#manner = manner;
    this.#callsMax = callsPerConnection(manner);
    this.#reader = createFrameReader(manner.framing, manner.replyFrameBytesMax);
    socket.on('data', (piece: Buffer) => this.#onData(piece));
    socket.on('drain', () => this.onChange());
    socket.on('error', (error) =>
      this.#break({
        kind: 'broken',
        reason: 'reset',
        cause: `the connection ended: ${codeOf(error) || error.message}`,
      }),
    );
    socket.on('end', () => this.#break(this.#ended()));
    socket.on('close', () => {
      this.#break(this.#ended());
      this.onChange();
    });
    this.#rest();
  }

  get usable(): boolean {
    return !this.#retired && this.#broken === undefined;
  }

  get room(): number {
    if (!this.usable || this.#socket.writableLength > tcpBufferedBytesMax) return 0;
    return this.#callsMax - this.#inFlight.size - this.#reserved;
  }

  get resting(): boolean {
    return this.#used && this.#inFlight.size === 0;
  }

  get closed(): boolean {
    return this.#socket.closed;
  }

  reserve(): void {
    this.#reserved += 1;
    this.#idle?.cancel();
  }

  release(): void {
    this.#reserved -= 1;
    this.#rest();
  }

  /**
   * Gives a frame to the socket. Ends with its answer or, one way, once the machine's kernel has taken all of it.
   * Never rejects; whatever happens from here on, the target may have read it.
   */
  call(frame: Buffer, id: string | undefined, { deadlineMs, signal }: CallWait): Promise<CallEnd> {
    return new Promise((resolve) => {
      const call: Call = {
        id,
        bytesReadBefore: this.#socket.bytesRead,
        settle: (end) => {
          if (!this.#inFlight.delete(call)) return;
          if (id !== undefined) this.#awaiting.delete(id);
          timer.cancel();
          signal.removeEventListener('abort', onAbort);
          resolve(end);
          this.#rest();
          this.onChange();
        },
      };
      const giveUp = (end: CallEnd): void => {
        this.#distrust(call);
        call.settle(end);
      };
      const onAbort = (): void => giveUp({ kind: 'cancelled' });
      const timer = this.#clock.after(deadlineMs - this.#clock.now(), () => giveUp({ kind: 'deadline' }));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#used = true;
      this.#idle?.cancel();
      this.#inFlight.add(call);
      if (id !== undefined) this.#awaiting.set(id, call);
      this.#socket.write(frame, (error) => {
        // An error is told by the connection's end, which says more.
        if (this.#manner.mode === 'one_way' && !error) call.settle({ kind: 'handed_over' });
      });
    });
  }

  retire(): void {
    this.#retired = true;
    this.#rest();
    this.onChange();
  }

  destroy(): Promise<void> {
    return new Promise((resolve) => {
      this.#break({ kind: 'broken', reason: 'reset', cause: 'the hub closed the connection' });
      if (this.#socket.closed) resolve();
      else this.#socket.once('close', () => resolve());
    });
  }

  /** Nothing in flight: closes when retired, else waits for the next call for a while. */
  #rest(): void {
    this.#idle?.cancel();
    if (this.#inFlight.size > 0 || this.#reserved > 0 || this.#broken !== undefined) return;
    if (!this.#retired) {
      this.#idle = this.#clock.after(keepAliveMs, () => this.retire());
      return;
    }
    this.#socket.destroySoon();
    // A target that takes nothing more must not keep it open.
    this.#idle = this.#clock.after(lingerMs, () => this.#socket.destroy());
  }

  /** A call ends without its answer. */
  #distrust(call: Call): void {
    if (this.#callsMax === 1)
      this.#break({ kind: 'broken', reason: 'reset', cause: 'the hub gave the connection up' }, call);
    // Silent all the while: it may be dead. The calls in flight wait on; the next ones take another.
    else if (this.#socket.bytesRead === call.bytesReadBefore) this.#retired = true;
  }

  /** The first cause counts; what follows from it says nothing new. `except` ends by itself. */
  #break(cause: Broken, except?: Call): void {
    if (this.#broken !== undefined) return;
    this.#broken = cause;
    this.#idle?.cancel();
    this.#socket.destroy();
    for (const call of [...this.#inFlight]) if (call !== except) call.settle(cause);
    this.onChange();
  }

  #ended(): Broken {
    const when = this.#reader.partial ? 'in the middle of an answer' : 'without an answer';
    return { kind: 'broken', reason: 'reset', cause: `the target ended the connection ${when}` };
  }

  #onData(piece: Buffer): void {
    // Nobody waits for a word on a one-way connection.
    if (this.#broken !== undefined || this.#manner.mode === 'one_way') return;
    const { frames, fault } = this.#reader.push(piece);
    const more = frames.length > 1 || this.#reader.partial || fault !== undefined;
    if (this.#callsMax === 1 && frames.length > 0 && more) {
      this.#onLast(frames);
      return;
    }
    for (const frame of frames) this.#onFrame(frame);
    if (fault !== undefined) this.#break({ kind: 'broken', ...fault });
  }

  /** More than one answer to one call: the first is its answer, and no other call may get the rest. */
  #onLast(frames: readonly Buffer[]): void {
    this.#retired = true;
    this.#reserved += 1;
    for (const frame of frames.slice(0, 1)) this.#onFrame(frame);
    this.#reserved -= 1;
    this.#break({ kind: 'broken', reason: 'garbage', cause: 'the target sent more than one answer' });
  }

  #onFrame(frame: Buffer): void {
    if (this.#broken !== undefined) return;
    const garbage = (cause: string): void => this.#break({ kind: 'broken', reason: 'garbage', cause });
    const [only] = this.#inFlight;
    if (this.#callsMax === 1 && only === undefined) {
      garbage('the target sent a frame that nobody asked for');
      return;
    }
    if (this.#manner.payload === 'raw') {
      const reply = { status: 'OK', contentType: this.#manner.replyContentType, headers: {}, data: frame };
      only?.settle({ kind: 'answer', answer: { kind: 'reply', reply } });
      return;
    }
    if (!isUtf8(frame)) {
      garbage('the target sent a frame that is not UTF-8');
      return;
    }
    const parsed = parseAnswer(frame.toString('utf8'));
    if (!parsed.ok) {
      garbage(`the target sent ${parsed.problem.replace('text message', 'frame')}`);
      return;
    }
    const call = parsed.id === undefined ? undefined : this.#awaiting.get(parsed.id);
    if (parsed.id !== undefined && call !== undefined) {
      this.#strayInRow = 0;
      call.settle({ kind: 'answer', answer: parsed.answer });
    } else if (this.#callsMax === 1) {
      garbage(`the target answered with ${parsed.id === undefined ? 'no id' : 'the id of another call'}`);
    } else {
      this.#strayInRow += 1;
      if (this.#strayInRow > tcpStrayFramesMax)
        garbage(`the target sent ${this.#strayInRow} frames in a row that nobody waits for`);
    }
  }
}
