import type { Clock } from '../base/clock.ts';
import { ConnectFault, connectFaultOf } from './connect-fault.ts';
import { waitingPerHostMax } from './limits.ts';
import { socketsRead } from './sockets-read.ts';

/** A connection that a {@link CallPool} keeps. */
export interface PooledConnection {
  /** Calls that may begin on it now; 0 when it is full or will take no more. */
  readonly room: number;
  /** True when it was used and nothing is in flight: the other side's last news may not have been read yet. */
  readonly resting: boolean;
  /** Whether a call that has its place may still begin. */
  readonly usable: boolean;
  /** True once its socket is gone. */
  readonly closed: boolean;
  /** Called when its room grew, it became unusable, or it closed. */
  onChange: () => void;
  /** Keeps a place for a call that begins soon; each ends with {@link release}. */
  reserve(): void;
  release(): void;
  /** Takes no more calls; the ones in flight finish, then it closes. */
  retire(): void;
  /** Ends it at once; resolves when its socket is closed. */
  destroy(): Promise<void>;
}

/** How long a call may wait. */
export interface CallWait {
  /** Epoch ms. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export interface CallPoolOptions<C> {
  readonly clock: Clock;
  /** Opens a connection; rejects with {@link ConnectFault}. Gives up when the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<C>;
  readonly connectionsMax: number;
  /** Calls that one connection carries at once: how many wait for one that is being opened. */
  readonly callsPerConnection: number;
}

interface Waiting<C> {
  give(connection: C): void;
  fail(fault: ConnectFault): void;
}

/**
 * The connections to one target, and the calls that wait for one, in order of arrival: at most
 * {@link waitingPerHostMax}. A connection is opened only when the open ones have no room.
 */
export class CallPool<C extends PooledConnection> {
  readonly #options: CallPoolOptions<C>;
  readonly #closing = new AbortController();
  /** Connections whose sockets are not closed yet. */
  readonly #connections = new Set<C>();
  readonly #opening = new Set<Promise<void>>();
  readonly #waiting = new Set<Waiting<C>>();
  /** Calls between their arrival and their beginning. */
  #pending = 0;
  #retired = false;

  constructor(options: CallPoolOptions<C>) {
    this.#options = options;
  }

  /**
   * Runs `begin` on a connection with room, in the turn in which it was found usable. Rejects with
   * {@link ConnectFault} when there is none; `begin` was then not called.
   */
  async run<T>(wait: CallWait, begin: (connection: C) => Promise<T>): Promise<T> {
    this.#pending += 1;
    let end: Promise<T>;
    try {
      const connection = await this.#take(wait);
      connection.release();
      end = begin(connection);
    } finally {
      this.#pending -= 1;
      if (this.#retired && this.#pending === 0) this.#retireConnections();
    }
    return end;
  }

  /** Lets calls that wait or are in flight finish, then closes. */
  retire(): void {
    this.#retired = true;
    if (this.#pending === 0) this.#retireConnections();
  }

  /** Ends everything; calls that wait are not sent. */
  async destroy(): Promise<void> {
    this.#closing.abort();
    for (const waiting of [...this.#waiting])
      waiting.fail(new ConnectFault('connect_failed', 'the hub is shutting down'));
    await Promise.all(this.#opening);
    await Promise.all([...this.#connections].map((connection) => connection.destroy()));
  }

  /** Whether nothing of it is left. */
  get empty(): boolean {
    return this.#connections.size === 0 && this.#opening.size === 0 && this.#pending === 0;
  }

  async #take(wait: CallWait): Promise<C> {
    for (;;) {
      this.#check(wait);
      const connection = await this.#free(wait);
      // News that its socket has not read yet come first: its end, or an answer too many.
      if (connection.resting) await socketsRead();
      try {
        this.#check(wait);
      } catch (thrown) {
        connection.release();
        throw thrown;
      }
      if (connection.usable) return connection;
      connection.release();
    }
  }

  #check({ deadlineMs, signal }: CallWait): void {
    // A call that was between two connections when everything ended: nobody will give it another.
    if (this.#closing.signal.aborted) throw new ConnectFault('connect_failed', 'the hub is shutting down');
    if (signal.aborted) throw new ConnectFault('cancelled', 'cancelled before it was sent');
    if (deadlineMs <= this.#options.clock.now())
      throw new ConnectFault('timeout', 'the deadline of the attempt passed before it was sent');
  }

  /** A connection with a place that is kept for the caller. */
  #free({ deadlineMs, signal }: CallWait): Promise<C> {
    return new Promise((resolve, reject) => {
      const { clock } = this.#options;
      const leave = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting<C> = {
        give(connection) {
          leave();
          resolve(connection);
        },
        fail(fault) {
          leave();
          reject(fault);
        },
      };
      const onAbort = (): void => waiting.fail(new ConnectFault('cancelled', 'cancelled before it was sent'));
      const timer = clock.after(deadlineMs - clock.now(), () => waiting.fail(this.#lateFault()));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiting);
      this.#assign();
      if (this.#waiting.has(waiting) && this.#waiting.size > waitingPerHostMax)
        waiting.fail(
          new ConnectFault('concurrency_limited', `${waitingPerHostMax} calls already wait for a connection`),
        );
    });
  }

  #lateFault(): ConnectFault {
    return this.#opening.size === 0
      ? new ConnectFault(
          'concurrency_limited',
          'no connection became free before the deadline of the attempt; all are in use',
        )
      : new ConnectFault('connect_timeout', 'no connection before the deadline of the attempt');
  }

  #assign(): void {
    for (const waiting of [...this.#waiting]) {
      const connection = this.#withRoom();
      if (connection === undefined) break;
      connection.reserve();
      waiting.give(connection);
    }
    const { connectionsMax, callsPerConnection } = this.#options;
    while (
      !this.#closing.signal.aborted &&
      this.#waiting.size > this.#opening.size * callsPerConnection &&
      this.#connections.size + this.#opening.size < connectionsMax
    )
      this.#open();
  }

  #withRoom(): C | undefined {
    for (const connection of this.#connections) if (connection.room > 0) return connection;
    return undefined;
  }

  #open(): void {
    const opening = this.#options
      .open(this.#closing.signal)
      .then(
        (connection) => {
          this.#connections.add(connection);
          connection.onChange = () => this.#changed(connection);
          if (this.#closing.signal.aborted) connection.retire();
        },
        (thrown: unknown) => this.#failFirst(connectFaultOf(thrown)),
      )
      .then(() => {
        this.#opening.delete(opening);
        this.#assign();
      });
    this.#opening.add(opening);
  }

  /** Those who would have shared the connection that did not come about. */
  #failFirst(fault: ConnectFault): void {
    for (const waiting of [...this.#waiting].slice(0, this.#options.callsPerConnection)) waiting.fail(fault);
  }

  #changed(connection: C): void {
    if (connection.closed) this.#connections.delete(connection);
    this.#assign();
  }

  #retireConnections(): void {
    this.#closing.abort();
    for (const connection of this.#connections) connection.retire();
  }
}
