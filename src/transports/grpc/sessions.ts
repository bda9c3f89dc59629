import type { Clock } from '../../base/clock.ts';
import { ConnectFault, connectFaultOf } from '../connect-fault.ts';
import type { Egress } from '../egress.ts';
import { hostsMax, waitingPerHostMax } from '../limits.ts';
import { LruMap } from '../lru-map.ts';
import { type SessionTarget, sessionKey } from './session-target.ts';
import { GrpcSession } from './session.ts';
import { socketsRead } from '../sockets-read.ts';

/** How long a call may wait for a session. */
export interface SessionWait {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Connections that one call waits for, at most: a peer may end each before the call can begin. */
const connectsPerCallMax = 3;

/** The session to one target: the open one or the one being opened, and who waits for it. */
class SessionSlot {
  readonly #target: SessionTarget;
  readonly #egress: Egress;
  readonly #clock: Clock;
  readonly #nextNumber: () => number;
  readonly #closing = new AbortController();
  /** Sessions whose sockets are not closed yet, the current one included. */
  readonly #sessions = new Set<GrpcSession>();
  #current: GrpcSession | undefined;
  #opening: Promise<void> | undefined;
  #fault: ConnectFault | undefined;
  /** In order of arrival; each is called once, when it makes sense to look again. */
  readonly #waiting = new Set<() => void>();
  /** Calls between their arrival and their stream, the waiting ones included. */
  #pending = 0;
  #retired = false;
  #number = 0;

  constructor(
    target: SessionTarget,
    { egress, clock, nextNumber }: { egress: Egress; clock: Clock; nextNumber: () => number },
  ) {
    this.#target = target;
    this.#egress = egress;
    this.#clock = clock;
    this.#nextNumber = nextNumber;
  }

  /** Number of the session that was opened last; 0 before the first. */
  get number(): number {
    return this.#number;
  }

  get isOpen(): boolean {
    return this.#current?.usable === true;
  }

  /**
   * Runs `begin` on a session with a free stream, in the turn in which it was found free; opens a session when there
   * is none. Rejects with {@link ConnectFault}: then `begin` was not called.
   */
  async call<T>(wait: SessionWait, begin: (session: GrpcSession) => Promise<T>): Promise<T> {
    if (this.#waiting.size >= waitingPerHostMax)
      throw new ConnectFault('concurrency_limited', `${waitingPerHostMax} calls already wait for it`);
    this.#pending += 1;
    let answer: Promise<T>;
    try {
      answer = begin(await this.#free(wait));
    } finally {
      this.#pending -= 1;
      if (this.#retired && this.#pending === 0) this.#retireSessions();
    }
    return answer;
  }

  /** Lets calls that wait or are in flight finish, then closes. */
  retire(): void {
    this.#retired = true;
    if (this.#pending === 0) this.#retireSessions();
  }

  async destroy(): Promise<void> {
    this.#closing.abort();
    await this.#opening;
    await Promise.all([...this.#sessions].map((session) => session.destroy()));
  }

  get empty(): boolean {
    return this.#sessions.size === 0 && this.#opening === undefined && this.#pending === 0;
  }

  #retireSessions(): void {
    for (const session of this.#sessions) session.retire();
    this.#closing.abort();
  }

  /** A session with a free stream. The caller must take the stream before it lets go of the turn. */
  async #free(wait: SessionWait): Promise<GrpcSession> {
    let connects = 0;
    for (;;) {
      // News that the socket has not read yet come first.
      if (this.#current?.resting === true) await socketsRead();
      this.#check(wait);
      const session = this.#current;
      const usable = session?.usable === true;
      if (usable && session.freeStreams > 0) return session;
      if (!usable) {
        connects += 1;
        if (connects > connectsPerCallMax)
          throw new ConnectFault('goaway', 'it ends each connection before a call can begin');
        this.#open();
      }
      await this.#news(wait, usable);
      if (this.#fault !== undefined && this.#current?.usable !== true) throw this.#fault;
    }
  }

  /** Throws when the call has no time left or nobody waits for it. */
  #check({ deadlineMs, signal }: SessionWait): void {
    if (signal.aborted) throw new ConnectFault('cancelled', 'cancelled before it was sent');
    if (deadlineMs <= this.#clock.now())
      throw new ConnectFault('timeout', 'the deadline of the attempt passed before it was sent');
  }

  #open(): void {
    this.#opening ??= this.#connect();
  }

  async #connect(): Promise<void> {
    this.#fault = undefined;
    try {
      const session = await GrpcSession.open(this.#target, {
        egress: this.#egress,
        clock: this.#clock,
        signal: this.#closing.signal,
      });
      this.#current = session;
      this.#number = this.#nextNumber();
      this.#sessions.add(session);
      session.onChange = () => this.#changed(session);
      // It may have ended between its opening and now.
      if (session.closed) this.#changed(session);
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

  #changed(session: GrpcSession): void {
    if (session.closed) this.#sessions.delete(session);
    this.#wake();
  }

  /** As many look as streams are free; when the session ended, everyone must. */
  #wake(): void {
    const session = this.#current;
    const count = session?.usable === true ? session.freeStreams : this.#waiting.size;
    for (const wake of [...this.#waiting].slice(0, count)) wake();
  }

  /** Resolves when it makes sense to look again; rejects at the deadline or when cancelled. */
  #news({ deadlineMs, signal }: SessionWait, forStream: boolean): Promise<void> {
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
          forStream
            ? new ConnectFault(
                'concurrency_limited',
                'no stream became free before the deadline of the attempt',
              )
            : new ConnectFault('connect_timeout', 'no connection before the deadline of the attempt'),
        ),
      );
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(wake);
    });
  }
}

/**
 * The sessions in use, one per target and TLS identity, at most {@link hostsMax}; the least recently used one makes
 * room. That of an identity that nobody uses any more closes when it is idle.
 */
export class GrpcSessions {
  readonly #egress: Egress;
  readonly #clock: Clock;
  readonly #slots: LruMap<SessionSlot>;
  /** Slots that left while calls were in flight or sockets open. */
  readonly #leaving = new Set<SessionSlot>();
  #closed = false;
  #opened = 0;

  constructor(egress: Egress, clock: Clock, capacity: number = hostsMax) {
    this.#egress = egress;
    this.#clock = clock;
    this.#slots = new LruMap(capacity, (slot) => this.#leave(slot));
  }

  /** Runs `begin` on a session to the target. Rejects with {@link ConnectFault}: then nothing was sent. */
  async call<T>(
    target: SessionTarget,
    wait: SessionWait,
    begin: (session: GrpcSession) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new ConnectFault('connect_failed', 'the hub is shutting down');
    const key = sessionKey(target);
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = new SessionSlot(target, {
        egress: this.#egress,
        clock: this.#clock,
        nextNumber: () => (this.#opened += 1),
      });
      this.#slots.set(key, slot);
    }
    return slot.call(wait, begin);
  }

  /** Changes whenever a new session to the target is opened; 0 before the first. */
  numberOf(target: SessionTarget): number {
    return this.#slots.get(sessionKey(target))?.number ?? 0;
  }

  /** Whether the session opened last still takes calls. */
  isOpen(target: SessionTarget): boolean {
    return this.#slots.get(sessionKey(target))?.isOpen === true;
  }

  /** Lets go of every session to an origin, whatever its identity. */
  forget(origin: string): void {
    for (const key of this.#slots.keys()) if (key.startsWith(`${origin} `)) this.#slots.delete(key);
  }

  /** Ends everything, calls in flight included; later calls are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#slots.clear();
    await Promise.all([...this.#leaving].map((slot) => slot.destroy()));
    this.#leaving.clear();
  }

  #leave(slot: SessionSlot): void {
    slot.retire();
    for (const left of this.#leaving) if (left.empty) this.#leaving.delete(left);
    if (!slot.empty) this.#leaving.add(slot);
  }
}
