import type { Clock } from '../../base/clock.ts';
import { ConnectFault, connectFaultOf } from '../connect-fault.ts';
import type { Egress } from '../egress.ts';
import { hostsMax, waitingPerHostMax } from '../limits.ts';
import { LruMap } from '../lru-map.ts';
import { type CallWait, WebSocketConnection } from './connection.ts';
import { upgrade, type WebSocketTarget } from './upgrade.ts';
import { socketsRead } from '../sockets-read.ts';

/** Connections that one call waits for, at most: a target may end each before the call can begin. */
const connectsPerCallMax = 3;

/** A connection that calls want, and what it is known by. */
export interface WebSocketWay {
  /** Calls with the same key share a connection. */
  readonly key: string;
  /** What {@link WebSocketConnections.forget} is told. */
  readonly uri: string;
  readonly target: WebSocketTarget;
}

/** The connection to one target: the open one or the one being opened, and who waits for it. */
class ConnectionSlot {
  readonly key: string;
  readonly uri: string;
  readonly #target: WebSocketTarget;
  readonly #egress: Egress;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  /** Connections whose sockets are not closed yet, the current one included. */
  readonly #connections = new Set<WebSocketConnection>();
  #current: WebSocketConnection | undefined;
  #opening: Promise<void> | undefined;
  #fault: ConnectFault | undefined;
  /** In order of arrival; each is called once, when it makes sense to look again. */
  readonly #waiting = new Set<() => void>();
  /** Calls between their arrival and their frame, the waiting ones included. */
  #pending = 0;
  #retired = false;

  constructor(way: WebSocketWay, egress: Egress, clock: Clock) {
    this.key = way.key;
    this.uri = way.uri;
    this.#target = way.target;
    this.#egress = egress;
    this.#clock = clock;
  }

  /**
   * Runs `begin` on an open connection, one with room when `needsRoom`, in the turn in which it was found so. Rejects
   * with {@link ConnectFault}; when the fault comes from here, `begin` was not called.
   */
  async use<T>(
    wait: CallWait,
    needsRoom: boolean,
    begin: (connection: WebSocketConnection) => Promise<T>,
  ): Promise<T> {
    if (needsRoom && this.#waiting.size >= waitingPerHostMax)
      throw new ConnectFault('concurrency_limited', `${waitingPerHostMax} calls already wait for it`);
    this.#pending += 1;
    let end: Promise<T>;
    try {
      end = begin(await this.#free(wait, needsRoom));
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

  async destroy(): Promise<void> {
    this.#closing.abort();
    await this.#opening;
    await Promise.all([...this.#connections].map((connection) => connection.destroy()));
  }

  get empty(): boolean {
    return this.#connections.size === 0 && this.#opening === undefined && this.#pending === 0;
  }

  #retireConnections(): void {
    for (const connection of this.#connections) connection.retire();
    this.#closing.abort();
  }

  async #free(wait: CallWait, needsRoom: boolean): Promise<WebSocketConnection> {
    let connects = 0;
    for (;;) {
      // News that the socket has not read yet come first.
      if (this.#current?.resting === true) await socketsRead();
      if (wait.signal.aborted) throw new ConnectFault('cancelled', 'cancelled before it was sent');
      if (wait.deadlineMs <= this.#clock.now())
        throw new ConnectFault('timeout', 'the deadline of the attempt passed before it was sent');
      const connection = this.#current;
      const usable = connection?.usable === true;
      if (usable && (!needsRoom || connection.room > 0)) return connection;
      if (!usable) {
        connects += 1;
        if (connects > connectsPerCallMax)
          throw new ConnectFault('goaway', 'it ends each connection before a call can begin');
        this.#opening ??= this.#connect();
      }
      await this.#news(wait, usable);
      if (this.#fault !== undefined && this.#current?.usable !== true) throw this.#fault;
    }
  }

  async #connect(): Promise<void> {
    this.#fault = undefined;
    try {
      const { ws, socket } = await upgrade(this.#target, {
        egress: this.#egress,
        clock: this.#clock,
        signal: this.#closing.signal,
      });
      const connection = new WebSocketConnection({
        ws,
        socket,
        clock: this.#clock,
        pingIntervalMs: this.#target.pingIntervalMs,
      });
      this.#current = connection;
      this.#connections.add(connection);
      connection.onChange = () => this.#changed(connection);
      // It may have ended between its opening and now.
      if (connection.closed) this.#changed(connection);
    } catch (thrown) {
      this.#current = undefined;
      this.#fault = this.#closing.signal.aborted
        ? new ConnectFault('connect_failed', 'the hub lets go of the connection')
        : connectFaultOf(thrown);
    }
    // Before anyone looks: whoever finds nothing must be able to open again.
    this.#opening = undefined;
    for (const wake of [...this.#waiting]) wake();
  }

  #changed(connection: WebSocketConnection): void {
    if (connection.closed) this.#connections.delete(connection);
    const current = this.#current;
    const count = current?.usable === true ? current.room : this.#waiting.size;
    if (count > 0 && this.#waiting.size > 0) for (const wake of [...this.#waiting].slice(0, count)) wake();
  }

  /** Resolves when it makes sense to look again; rejects at the deadline or when cancelled. */
  #news({ deadlineMs, signal }: CallWait, forRoom: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (fault?: ConnectFault): void => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#waiting.delete(wake);
        if (fault === undefined) resolve();
        else reject(fault);
      };
      const wake = (): void => settle();
      const onAbort = (): void => settle(new ConnectFault('cancelled', 'cancelled before it was sent'));
      const timer = this.#clock.after(deadlineMs - this.#clock.now(), () =>
        settle(
          forRoom
            ? new ConnectFault(
                'concurrency_limited',
                'no room on the connection before the deadline of the attempt',
              )
            : new ConnectFault('connect_timeout', 'no connection before the deadline of the attempt'),
        ),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(wake);
    });
  }
}

/** The connections in use, at most {@link hostsMax}; the least recently used one makes room. */
export class WebSocketConnections {
  readonly #egress: Egress;
  readonly #clock: Clock;
  readonly #slots: LruMap<ConnectionSlot>;
  /** Keys of the slots to each URI. */
  readonly #keysOfUri = new Map<string, Set<string>>();
  /** Slots that left while calls were in flight or sockets open. */
  readonly #leaving = new Set<ConnectionSlot>();
  #closed = false;

  constructor(egress: Egress, clock: Clock, capacity: number = hostsMax) {
    this.#egress = egress;
    this.#clock = clock;
    this.#slots = new LruMap(capacity, (slot) => this.#leave(slot));
  }

  /**
   * Runs `begin` on the open connection of `key`, opening one when there is none; with `needsRoom` on one that may
   * take another call. Rejects with {@link ConnectFault}; unless it comes from `begin`, nothing was sent.
   */
  async use<T>(
    way: WebSocketWay,
    { needsRoom, ...wait }: CallWait & { readonly needsRoom: boolean },
    begin: (connection: WebSocketConnection) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new ConnectFault('connect_failed', 'the hub is shutting down');
    let slot = this.#slots.get(way.key);
    if (slot === undefined) {
      slot = new ConnectionSlot(way, this.#egress, this.#clock);
      this.#slots.set(way.key, slot);
      const keys = this.#keysOfUri.get(way.uri) ?? new Set();
      this.#keysOfUri.set(way.uri, keys.add(way.key));
    }
    return slot.use(wait, needsRoom, begin);
  }

  forget(uri: string): void {
    for (const key of [...(this.#keysOfUri.get(uri) ?? [])]) this.#slots.delete(key);
  }

  /** Ends everything, calls in flight included; later calls are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#slots.clear();
    await Promise.all([...this.#leaving].map((slot) => slot.destroy()));
    this.#leaving.clear();
  }

  #leave(slot: ConnectionSlot): void {
    const keys = this.#keysOfUri.get(slot.uri);
    keys?.delete(slot.key);
    if (keys?.size === 0) this.#keysOfUri.delete(slot.uri);
    slot.retire();
    for (const left of this.#leaving) if (left.empty) this.#leaving.delete(left);
    if (!slot.empty) this.#leaving.add(slot);
  }
}
