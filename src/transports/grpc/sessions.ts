import { messageOf } from '../../base/error.ts';
import type { Clock } from '../../base/clock.ts';
import { ConnectFault } from '../connect-fault.ts';
import type { Egress } from '../egress.ts';
import { hostsMax, waitingPerHostMax } from '../limits.ts';
import { LruMap } from '../lru-map.ts';
import type { TargetAddress } from '../target-address.ts';
import { GrpcSession } from './session.ts';

/** How long a call may wait for a session. */
export interface SessionWait {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** The session to one target: the open one or the one being opened, and who waits for it. */
class SessionSlot {
  readonly #address: TargetAddress;
  readonly #egress: Egress;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  /** Sessions that still carry calls, the current one included. */
  readonly #sessions = new Set<GrpcSession>();
  #current: GrpcSession | undefined;
  #opening: Promise<void> | undefined;
  #fault: ConnectFault | undefined;
  /** In order of arrival; each is called once, when it makes sense to look again. */
  readonly #waiting = new Set<() => void>();

  constructor(address: TargetAddress, egress: Egress, clock: Clock) {
    this.#address = address;
    this.#egress = egress;
    this.#clock = clock;
  }

  /** A session with a free stream, without waiting. */
  ready(): GrpcSession | undefined {
    const session = this.#current;
    return session !== undefined &&
      session.usable &&
      session.hasRoom &&
      !session.resting &&
      this.#waiting.size === 0
      ? session
      : undefined;
  }

  /** A session with a free stream; opens one when there is none. Rejects with {@link ConnectFault}. */
  async acquire(wait: SessionWait): Promise<GrpcSession> {
    if (this.#waiting.size >= waitingPerHostMax)
      throw new ConnectFault('concurrency_limited', `${waitingPerHostMax} calls already wait for it`);
    for (;;) {
      if (this.#current?.resting === true) await new Promise((resolve) => setImmediate(resolve));
      const session = this.#current;
      if (session?.usable === true && session.hasRoom) return session;
      if (session?.usable !== true) this.#open();
      await this.#news(wait, session?.usable === true);
      if (this.#fault !== undefined && this.#current?.usable !== true) throw this.#fault;
    }
  }

  /** Lets calls in flight finish, then closes. */
  retire(): void {
    for (const session of this.#sessions) session.retire();
    if (this.#current === undefined) this.#closing.abort();
  }

  async destroy(): Promise<void> {
    this.#closing.abort();
    await this.#opening;
    await Promise.all([...this.#sessions].map((session) => session.destroy()));
  }

  get empty(): boolean {
    return this.#sessions.size === 0 && this.#opening === undefined;
  }

  #open(): void {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
  }

  async #connect(): Promise<void> {
    this.#fault = undefined;
    try {
      const session = await GrpcSession.open(this.#address, {
        egress: this.#egress,
        clock: this.#clock,
        signal: this.#closing.signal,
      });
      this.#current = session;
      this.#sessions.add(session);
      session.onChange = () => {
        if (!session.usable && session.inFlight === 0) this.#sessions.delete(session);
        this.#wake();
      };
    } catch (thrown) {
      this.#current = undefined;
      this.#fault =
        thrown instanceof ConnectFault
          ? thrown
          : new ConnectFault('connect_failed', messageOf(thrown), thrown);
    }
    // Everyone: those who find no room wait again.
    for (const wake of [...this.#waiting]) wake();
  }

  /** One stream is free: one may look; a session ended: everyone must. */
  #wake(): void {
    const all = this.#current?.usable !== true;
    for (const wake of [...this.#waiting]) {
      wake();
      if (!all) return;
    }
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

/** The sessions in use, one per target, at most {@link hostsMax}; the least recently used one makes room. */
export class GrpcSessions {
  readonly #egress: Egress;
  readonly #clock: Clock;
  readonly #slots: LruMap<SessionSlot>;
  /** Slots that left while calls were in flight. */
  readonly #leaving = new Set<SessionSlot>();

  constructor(egress: Egress, clock: Clock, capacity: number = hostsMax) {
    this.#egress = egress;
    this.#clock = clock;
    this.#slots = new LruMap(capacity, (slot) => this.#leave(slot));
  }

  /** A session to call `address` on. Rejects with {@link ConnectFault}: then nothing was sent. */
  acquire(address: TargetAddress, wait: SessionWait): GrpcSession | Promise<GrpcSession> {
    let slot = this.#slots.get(address.origin);
    if (slot === undefined) {
      slot = new SessionSlot(address, this.#egress, this.#clock);
      this.#slots.set(address.origin, slot);
    }
    return slot.ready() ?? slot.acquire(wait);
  }

  forget(origin: string): void {
    this.#slots.delete(origin);
  }

  async close(): Promise<void> {
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
