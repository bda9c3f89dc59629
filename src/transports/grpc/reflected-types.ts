import type { Registry } from '@bufbuild/protobuf';
import type { Clock } from '../../base/clock.ts';
import { DescriptorProblem } from './file-order.ts';
import { reflectedTypesMax, reflectedTypesMaxAgeMs, reflectionTimeoutMs } from '../limits.ts';
import { LruMap } from '../lru-map.ts';
import { reflectedFiles, type ReflectionCall } from './reflection.ts';
import { typesOf } from './service-types.ts';
import { UnsentFault } from '../unsent-fault.ts';

/** Younger answers are not asked for again, ms: a caller's wrong message must not become the target's load. */
const settledMs = 5000;

/** What one target's reflection said about one service. */
export interface ReflectedTypes {
  /** The types, or why there are none and asking again soon will not mend it. */
  readonly types: Registry | UnsentFault;
  readonly loadedMs: number;
  /** Number of the session that it came over. */
  readonly session: number;
}

/** Which service of which target, and how to ask. */
export interface ReflectionSource {
  /** Equal for sources that give the same answers. */
  readonly key: string;
  /** The service, and further types that its files need not import. */
  readonly symbols: readonly string[];
  /** Changes when a new session to the target is opened. */
  sessionNumber(): number;
  /** Whether that session is still there. */
  sessionIsOpen(): boolean;
  call(options: { readonly deadlineMs: number; readonly signal: AbortSignal }): ReflectionCall;
}

/** How long somebody waits for an answer. */
export interface ReflectionWait {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * What targets' reflection says, asked once for all calls at the same time and kept {@link reflectedTypesMaxAgeMs}, at
 * most for {@link reflectedTypesMax} services; asked again when a new session was opened, since the target may be
 * another by now.
 */
export class ReflectedTypesCache {
  readonly #clock: Clock;
  readonly #answers = new LruMap<ReflectedTypes>(reflectedTypesMax);
  /** One for each source that calls wait for; calls in flight bound it. */
  readonly #asking = new Map<string, Promise<ReflectedTypes>>();
  readonly #closing = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects with {@link UnsentFault}: what failed for the moment, the deadline, or the signal. */
  async get(source: ReflectionSource, wait: ReflectionWait): Promise<ReflectedTypes> {
    const kept = this.#answers.get(source.key);
    if (kept !== undefined && this.#ageMs(kept) < this.#keptMs(kept, source)) return kept;
    return this.#ask(source, wait);
  }

  /**
   * A newer answer than `than`; undefined when that one was given just now by the target that is still there. Rejects
   * as `get` does.
   */
  async newer(
    source: ReflectionSource,
    than: ReflectedTypes,
    wait: ReflectionWait,
  ): Promise<ReflectedTypes | undefined> {
    const kept = this.#answers.get(source.key);
    if (kept !== undefined && kept.loadedMs > than.loadedMs) return kept;
    const isCurrent = source.sessionIsOpen() && source.sessionNumber() === than.session;
    return isCurrent && this.#ageMs(than) < settledMs ? undefined : this.#ask(source, wait);
  }

  /** Forgets everything whose key begins so. */
  forget(prefix: string): void {
    for (const key of this.#answers.keys()) if (key.startsWith(prefix)) this.#answers.delete(key);
  }

  /** Ends what is being asked. */
  close(): void {
    this.#closing.abort();
    this.#answers.clear();
  }

  #ageMs({ loadedMs }: ReflectedTypes): number {
    return this.#clock.monotonic() - loadedMs;
  }

  #keptMs({ types, session }: ReflectedTypes, source: ReflectionSource): number {
    if (session !== source.sessionNumber()) return 0;
    return types instanceof UnsentFault ? settledMs : reflectedTypesMaxAgeMs;
  }

  #ask(source: ReflectionSource, wait: ReflectionWait): Promise<ReflectedTypes> {
    let asking = this.#asking.get(source.key);
    if (asking === undefined) {
      asking = this.#load(source).finally(() => this.#asking.delete(source.key));
      this.#asking.set(source.key, asking);
      // Whoever waits hears of it; when all have left, nobody does.
      asking.catch(() => undefined);
    }
    return this.#waitFor(asking, wait);
  }

  /** With a deadline of its own: those who wait have different ones. */
  async #load(source: ReflectionSource): Promise<ReflectedTypes> {
    const call = source.call({
      deadlineMs: this.#clock.now() + reflectionTimeoutMs,
      signal: this.#closing.signal,
    });
    const loaded: ReflectedTypes = {
      types: await this.#typesFrom(call, source.symbols),
      loadedMs: this.#clock.monotonic(),
      session: source.sessionNumber(),
    };
    if (!this.#closing.signal.aborted) this.#answers.set(source.key, loaded);
    return loaded;
  }

  async #typesFrom(call: ReflectionCall, symbols: readonly string[]): Promise<Registry | UnsentFault> {
    try {
      return typesOf(await reflectedFiles(call, symbols));
    } catch (thrown) {
      if (thrown instanceof DescriptorProblem) return new UnsentFault('misconfigured', thrown.message);
      if (thrown instanceof UnsentFault && thrown.reason === 'misconfigured') return thrown;
      throw thrown;
    }
  }

  #waitFor<T>(work: Promise<T>, { deadlineMs, signal }: ReflectionWait): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
      };
      const giveUp = (fault: UnsentFault): void => {
        settle();
        reject(fault);
      };
      const onAbort = (): void =>
        giveUp(new UnsentFault('cancelled', 'cancelled while waiting for its answer'));
      const timer = this.#clock.after(deadlineMs - this.#clock.now(), () =>
        giveUp(new UnsentFault('timeout', 'no answer before the deadline of the attempt')),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      void work.finally(settle).then(resolve, reject);
    });
  }
}
