import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/error.ts';
import type { Random } from '../base/random.ts';
import type { ProbeResult } from '../base/transport.ts';
import { DueQueue } from '../base/due-queue.ts';
import { firstProbeSpreadMs, withJitter } from './probe-pace.ts';

/** Probes in flight at once, in all, unless set otherwise. More wait for a slot. */
export const probesInFlightMax = 64;
/** How long after its timeout a probe is given up that did not end by itself, in ms. */
const overrunMs = 250;

export interface ProbeScheduleOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Probes in flight at once; default {@link probesInFlightMax}, at least 1. */
  readonly inFlightMax?: number;
  /** Does one probe. Settles soon after `signal` aborts. */
  readonly probe: (key: string, options: { deadlineMs: number; signal: AbortSignal }) => Promise<ProbeResult>;
  /** Takes a result and says how long to wait for the next probe, before jitter, in ms. */
  readonly onResult: (key: string, result: ProbeResult) => number;
}

/** How often something is probed. */
export interface ProbeTimes {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

interface Job {
  times: ProbeTimes;
  running: Running | undefined;
  /** Those who wait for the next result: one for each {@link ProbeSchedule.check} under way. */
  readonly waiting: Set<(result: ProbeResult | undefined) => void>;
}

interface Running {
  readonly stop: AbortController;
  readonly guard: Timer;
  readonly startMs: number;
}

/**
 * Decides when each key is probed. One timer, for the probe that is due first; at most `inFlightMax` probes at once,
 * and never two of the same key. Those that are due while every slot is taken wait in the queue, which holds each key
 * once.
 */
export class ProbeSchedule {
  readonly #options: ProbeScheduleOptions;
  #inFlightMax: number;
  readonly #jobs = new Map<string, Job>();
  /** Every job that is not running. */
  readonly #queue = new DueQueue();
  #inFlight = 0;
  #timer: { readonly dueMs: number; readonly timer: Timer } | undefined;
  #closed = false;

  constructor(options: ProbeScheduleOptions) {
    this.#options = options;
    this.#inFlightMax = options.inFlightMax ?? probesInFlightMax;
  }

  /** Changes how many probes may be in flight at once; those that are go on. */
  limit(inFlightMax: number): void {
    this.#inFlightMax = inFlightMax;
    this.#pump();
  }

  /** Keys that are probed. */
  get size(): number {
    return this.#jobs.size;
  }

  /** Probes that are under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Probes `key` from now on, first at a random moment within a second; for a known key only its times change. */
  set(key: string, times: ProbeTimes): void {
    if (this.#closed) return;
    const job = this.#jobs.get(key);
    if (job === undefined) {
      this.#jobs.set(key, { times, running: undefined, waiting: new Set() });
      this.#queue.set(key, this.#soon(times));
    } else {
      job.times = times;
      const dueMs = this.#queue.dueOf(key);
      const latestMs = this.#options.clock.monotonic() + withJitter(times.intervalMs, this.#options.random);
      if (dueMs !== undefined && dueMs > latestMs) this.#queue.set(key, latestMs);
    }
    this.#pump();
  }

  /** Brings the next probe forward to within a second, for a key of which something new was heard. */
  hurry(key: string): void {
    const job = this.#jobs.get(key);
    const dueMs = this.#queue.dueOf(key);
    if (job === undefined || dueMs === undefined) return;
    this.#queue.set(key, Math.min(dueMs, this.#soon(job.times)));
    this.#pump();
  }

  /** Ends the probes of a key; one in flight is aborted and its result dropped. */
  delete(key: string): void {
    const job = this.#jobs.get(key);
    if (job === undefined) return;
    this.#jobs.delete(key);
    this.#queue.delete(key);
    if (job.running !== undefined) this.#stop(job.running);
    job.running = undefined;
    settle(job, undefined);
    this.#pump();
  }

  /**
   * Probes now, ahead of what is due, or joins the probe in flight. Resolves with the result after it was taken in;
   * with undefined when the key is not probed or stops being so. Rejects with the signal's reason when it aborts
   * first: a probe that was begun goes on, one that was not falls back behind what is due.
   */
  check(key: string, signal?: AbortSignal): Promise<ProbeResult | undefined> {
    const job = this.#jobs.get(key);
    if (job === undefined) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#leave(key, job, onResult);
        reject(signal?.reason as Error);
      };
      const onResult = (result: ProbeResult | undefined): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      };
      job.waiting.add(onResult);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (job.running !== undefined) return;
      this.#queue.set(key, -Infinity);
      this.#pump();
    });
  }

  /** Stops everything; probes in flight are aborted and their results dropped. */
  close(): void {
    this.#closed = true;
    for (const key of [...this.#jobs.keys()]) this.delete(key);
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  /** Stops waiting for a key; when nobody else waits for it, its probe is no longer ahead of others. */
  #leave(key: string, { waiting }: Job, onResult: (result: ProbeResult | undefined) => void): void {
    if (!waiting.delete(onResult) || waiting.size > 0) return;
    if (this.#queue.dueOf(key) === -Infinity) this.#queue.set(key, this.#options.clock.monotonic());
  }

  #soon({ intervalMs }: ProbeTimes): number {
    const { clock, random } = this.#options;
    return clock.monotonic() + random.next() * Math.min(intervalMs, firstProbeSpreadMs);
  }

  /** Starts what is due as far as there are slots, and sets the timer for what comes next. */
  #pump(): void {
    const { clock } = this.#options;
    for (;;) {
      const first = this.#queue.first;
      if (this.#inFlight >= this.#inFlightMax || first === undefined || first.dueMs > clock.monotonic())
        break;
      this.#start(first.key);
    }
    this.#arm();
  }

  #arm(): void {
    const { clock } = this.#options;
    // Without a slot the end of a probe is what goes on, not a timer.
    const dueMs = this.#inFlight >= this.#inFlightMax ? undefined : this.#queue.first?.dueMs;
    if (dueMs === this.#timer?.dueMs) return;
    this.#timer?.timer.cancel();
    this.#timer =
      dueMs === undefined
        ? undefined
        : {
            dueMs,
            // Whole milliseconds: a fraction lost in rounding would fire early and set a timer that moves no clock.
            timer: clock.after(Math.ceil(dueMs - clock.monotonic()), () => {
              this.#timer = undefined;
              this.#pump();
            }),
          };
  }

  #start(key: string): void {
    const { clock, probe } = this.#options;
    this.#queue.delete(key);
    const job = this.#jobs.get(key);
    if (job === undefined) return;
    const { timeoutMs } = job.times;
    const stop = new AbortController();
    const startMs = clock.monotonic();
    const guard = clock.after(timeoutMs + overrunMs, () =>
      this.#end(key, running, { alive: false, detail: `no answer within ${timeoutMs} ms` }),
    );
    const running: Running = { stop, guard, startMs };
    job.running = running;
    this.#inFlight += 1;
    // In an async function, so that a probe that throws at once ends as one that rejects.
    const attempt = async (): Promise<ProbeResult> =>
      probe(key, { deadlineMs: clock.now() + timeoutMs, signal: stop.signal });
    attempt().then(
      (result) => this.#end(key, running, result),
      (error: unknown) => this.#end(key, running, { alive: false, detail: messageOf(error) }),
    );
  }

  /** Takes the first end of a probe: its result, its failure or its guard. Later ones find it gone. */
  #end(key: string, running: Running, found: Omit<ProbeResult, 'latencyMs'> & { latencyMs?: number }): void {
    const job = this.#jobs.get(key);
    if (job?.running !== running) return;
    const { clock, random, onResult } = this.#options;
    this.#stop(running);
    job.running = undefined;
    const result = { ...found, latencyMs: found.latencyMs ?? clock.monotonic() - running.startMs };
    const delayMs = onResult(key, result);
    // What onResult told others may have ended or restarted these probes.
    if (this.#jobs.get(key) === job && this.#queue.dueOf(key) === undefined) {
      this.#queue.set(key, clock.monotonic() + withJitter(delayMs, random));
    }
    settle(job, result);
    this.#pump();
  }

  #stop({ stop, guard }: Running): void {
    guard.cancel();
    stop.abort();
    this.#inFlight -= 1;
  }
}

function settle({ waiting }: Job, result: ProbeResult | undefined): void {
  const told = [...waiting];
  waiting.clear();
  for (const onResult of told) onResult(result);
}
