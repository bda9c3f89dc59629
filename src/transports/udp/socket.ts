import type { Socket } from 'node:dgram';
import type { Clock, Timer } from '../../base/clock.ts';
import type { CallWait, PooledConnection } from '../call-pool.ts';
import { codeOf, ConnectFault } from '../connect-fault.ts';
import { keepAliveMs, callsPerConnectionMax } from '../limits.ts';
import type { CallEnd } from '../frame/call-end.ts';

/** One request of a socket: what goes out and which datagrams answer it. */
export interface UdpRequest {
  readonly datagram: Buffer;
  /** How a datagram that came ends the call; undefined: it is no answer to it. Undefined when one way. */
  readonly answerOf: ((datagram: Buffer) => CallEnd | undefined) | undefined;
}

interface Call {
  settle(end: CallEnd): void;
  /** Ends it as never delivered. */
  refuse(fault: ConnectFault): void;
  readonly answerOf: ((datagram: Buffer) => CallEnd | undefined) | undefined;
  /** Datagrams that came and were no answer. */
  strays: number;
}

/** Calls that one socket carries at once. */
export function callsPerSocket(mode: 'request' | 'one_way'): number {
  return mode === 'one_way' ? callsPerConnectionMax : 1;
}

/**
 * A socket that is connected to one target. A request has it alone until it is answered, and one that ends without
 * an answer takes it along: so when the kernel says that the target's port was unreachable, it is this request's
 * datagram that nobody got.
 */
export class UdpSocket implements PooledConnection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #callsMax: number;
  readonly #inFlight = new Set<Call>();
  #idle: Timer | undefined;
  #reserved = 0;
  #used = false;
  #retired = false;
  #closing = false;
  #closed = false;
  onChange: () => void = () => undefined;

  constructor(socket: Socket, mode: 'request' | 'one_way', clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#callsMax = callsPerSocket(mode);
    socket.on('message', (datagram) => this.#onDatagram(datagram));
    socket.on('error', (error) => this.#onError(error));
    socket.once('close', () => {
      this.#closed = true;
      this.onChange();
    });
    this.#rest();
  }

  get usable(): boolean {
    return !this.#retired;
  }

  get room(): number {
    return this.#retired ? 0 : this.#callsMax - this.#inFlight.size - this.#reserved;
  }

  get resting(): boolean {
    return this.#used && this.#inFlight.size === 0;
  }

  get closed(): boolean {
    return this.#closed;
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
   * Sends a datagram, once. Ends with its answer or, one way, when the kernel took it. Rejects with
   * {@link ConnectFault} when the kernel says that it was not sent, or that nobody was there to get it.
   */
  call({ datagram, answerOf }: UdpRequest, { deadlineMs, signal }: CallWait): Promise<CallEnd> {
    return new Promise((resolve, reject) => {
      const leave = (): boolean => {
        if (!this.#inFlight.delete(call)) return false;
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#rest();
        this.onChange();
        return true;
      };
      const call: Call = {
        answerOf,
        strays: 0,
        settle(end) {
          if (leave()) resolve(end);
        },
        refuse(fault) {
          if (leave()) reject(fault);
        },
      };
      const giveUp = (end: CallEnd): void => {
        this.#retired = true;
        call.settle(end);
      };
      const onAbort = (): void => giveUp({ kind: 'cancelled' });
      const timer = this.#clock.after(deadlineMs - this.#clock.now(), () =>
        giveUp(
          call.strays === 0
            ? { kind: 'deadline' }
            : {
                kind: 'broken',
                reason: 'timeout',
                cause: `no answer before the deadline of the attempt; ${call.strays} datagrams came that answer something else`,
              },
        ),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      this.#used = true;
      this.#idle?.cancel();
      this.#inFlight.add(call);
      this.#send(datagram, call, true);
    });
  }

  retire(): void {
    this.#retired = true;
    this.#rest();
    this.onChange();
  }

  destroy(): Promise<void> {
    this.#retired = true;
    for (const call of [...this.#inFlight])
      call.settle({ kind: 'broken', reason: 'reset', cause: 'the hub closed the socket' });
    this.#rest();
    return new Promise((resolve) => {
      if (this.#closed) resolve();
      else this.#socket.once('close', () => resolve());
    });
  }

  #send(datagram: Buffer, call: Call, mayRepeat: boolean): void {
    if (this.#closing) return;
    this.#socket.send(datagram, (error) => {
      if (error === null) {
        if (call.answerOf === undefined) call.settle({ kind: 'handed_over' });
        return;
      }
      // The news of an earlier datagram, told in place of sending this one.
      if (codeOf(error) === 'ECONNREFUSED' && mayRepeat) this.#send(datagram, call, false);
      else call.refuse(sendFault(error, datagram.length));
    });
  }

  /** Nothing in flight: closes when retired, else waits for the next call for a while. */
  #rest(): void {
    this.#idle?.cancel();
    if (this.#inFlight.size > 0 || this.#reserved > 0 || this.#closing) return;
    if (this.#retired) {
      this.#closing = true;
      this.#socket.close();
    } else this.#idle = this.#clock.after(keepAliveMs, () => this.retire());
  }

  #onDatagram(datagram: Buffer): void {
    for (const call of [...this.#inFlight]) {
      const end = call.answerOf?.(datagram);
      if (end === undefined) call.strays += 1;
      else call.settle(end);
    }
  }

  #onError(error: Error): void {
    for (const call of [...this.#inFlight]) {
      // One-way datagrams share the socket: whose it was cannot be told, and the kernel tells its own refusals apart.
      if (call.answerOf === undefined) continue;
      this.#retired = true;
      const code = codeOf(error);
      if (code === 'ECONNREFUSED') call.refuse(unreachable());
      else
        call.settle({
          kind: 'broken',
          reason: 'reset',
          cause: `the socket failed: ${code || error.message}`,
        });
    }
  }
}

function unreachable(): ConnectFault {
  return new ConnectFault('connect_refused', 'port unreachable: nobody listens there');
}

/** Why the kernel did not send a datagram. */
function sendFault(error: Error, bytes: number): ConnectFault {
  const code = codeOf(error);
  switch (code) {
    case 'ECONNREFUSED':
      return unreachable();
    case 'EMSGSIZE':
      return new ConnectFault(
        'connect_failed',
        `a datagram of ${bytes} bytes is too large for the way to it (EMSGSIZE); lower datagram_max`,
        error,
      );
    default:
      return new ConnectFault('connect_failed', `not sent: ${code || error.message}`, error);
  }
}
