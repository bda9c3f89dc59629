import type { Clock } from '../base/clock.ts';
import type { Reply, RepeatSafety } from '../base/message.ts';
import { type Target, targetToString } from '../base/target.ts';
import type { ReplyCacheConfig } from '../resilience/policy.ts';

import type { Delivered, Delivery } from './delivery.ts';
import { Flight, type FlightOptions } from './reply-cache-flight.ts';
import { replyKey, type ReplyQuestion } from './reply-cache-key.ts';
import { answersOthers, replyUse } from './reply-cache-rules.ts';
import { type KeptReply, ReplyStore } from './reply-cache-store.ts';

export type { ReplyQuestion } from './reply-cache-key.ts';

/** Bytes of replies that are kept when nobody says. */
export const replyBytesMaxDefault = 64 * 1024 * 1024;

export interface ReplyCacheOptions {
  readonly clock: Clock;
  /** Bytes of replies that are kept, headers and overhead included; 0: none, though equal questions still share one delivery. */
  readonly bytesMax: number;
}

export interface ServeOptions extends FlightOptions {
  /** The caller takes a target's refusal as a reply; it never shares a delivery with one that does not. */
  readonly returnRejections: boolean;
}

/** A reply, and whose it is. */
export interface ServedReply {
  readonly reply: Reply;
  /** Age of a reply that was kept or is another call's, in ms; undefined: it is this call's own. */
  readonly ageMs: number | undefined;
  /** What this call's own delivery gave; undefined: none was made. */
  readonly own: Delivered | undefined;
  /** The other call's delivery that was under way, and gave the reply. */
  readonly shared: Delivery | undefined;
}

/** Which replies to forget: those for which everything holds that is given. */
export interface ReplyFilter {
  /** Empty: of any. */
  readonly messageTypes: readonly string[];
  /** Undefined: to any. */
  readonly target: Target | undefined;
  /** Every reply, whatever else is given. */
  readonly all: boolean;
}

/** Whether messages of this repeat safety are answered by the cache at all: a reply to anything but a read is no substitute for it. */
export function usesReplyCache(config: ReplyCacheConfig, repeatSafety: RepeatSafety): boolean {
  return config.ttlMs > 0 && repeatSafety === 'SAFE';
}

/**
 * Replies to SAFE messages, given again without asking the target, and the last good ones for when it does not answer.
 * Both are one store of at most `bytesMax` bytes, in which a reply is held once; the one that was not used for the longest
 * time leaves first. Equal questions at the same time share one delivery.
 */
export class ReplyCache {
  readonly #clock: Clock;
  readonly #store: ReplyStore;
  /** By the key of the question; as many as there are calls in flight at most. */
  readonly #flights = new Map<string, Flight>();
  #generation = 0;

  constructor({ clock, bytesMax }: ReplyCacheOptions) {
    this.#clock = clock;
    this.#store = new ReplyStore(bytesMax);
  }

  /** Rises with every invalidation: a reply that was asked for before one must not be kept after it. */
  get generation(): number {
    return this.#generation;
  }

  /** Replies that are kept. */
  get size(): number {
    return this.#store.size;
  }

  /** What they take up. */
  get bytes(): number {
    return this.#store.bytes;
  }

  /** Changes the room for replies; what does not fit any more is forgotten. */
  resize(bytesMax: number): void {
    this.#store.resize(bytesMax);
  }

  /**
   * The reply that is kept, or that another call with the same question gets, or what `deliver` gives, whose good reply is
   * then kept. A caller that goes away or whose time is over ends alone: when it was the one that asked the target, the
   * next one asks. Every other failure of a delivery is that of all who waited for it. Throws what `deliver` throws, and
   * for one that waits the signal's reason or TARGET_TIMEOUT.
   */
  async serve(
    question: ReplyQuestion,
    config: ReplyCacheConfig,
    options: ServeOptions,
    deliver: () => Promise<Delivered>,
  ): Promise<ServedReply> {
    const key = replyKey(question, config);
    const flightKey = options.returnRejections ? `${key} rejections` : key;
    for (;;) {
      const kept = this.#fresh(key, config);
      if (kept !== undefined) {
        this.#store.touch(key);
        return { reply: kept.reply, ageMs: this.#ageMs(kept), own: undefined, shared: undefined };
      }
      const flight = this.#flights.get(flightKey);
      if (flight === undefined) {
        const own = await this.#lead({ key, flightKey, question, config, options }, deliver);
        return { reply: own.reply, ageMs: undefined, own, shared: undefined };
      }
      const end = await flight.follow(options, this.#clock);
      if (end.kind === 'delivered') {
        const { reply, delivery } = end.delivered;
        if (!answersOthers(reply, config)) {
          // All of them at once: in a row, each would wait for the one before it for nothing.
          const own = await deliver();
          return { reply: own.reply, ageMs: undefined, own, shared: undefined };
        }
        return { reply, ageMs: delivery.replyAgeMs ?? 0, own: undefined, shared: delivery };
      }
      if (end.kind === 'failed' && flight.speaksFor(question.priority, end.error)) throw end.error;
    }
  }

  /**
   * Keeps a target's own OK reply, as the last good one and for {@link serve}. `generation` is what it was when the target
   * was asked.
   */
  rememberGood(question: ReplyQuestion, config: ReplyCacheConfig, reply: Reply, generation: number): void {
    if (generation === this.#generation) this.#keep(replyKey(question, config), question, config, reply);
  }

  /** The last good reply to a question, unless it is older than `maxAgeMs`. `dryRun` does not count as a use of it. */
  lastGood(
    question: ReplyQuestion,
    config: ReplyCacheConfig,
    maxAgeMs: number,
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): { readonly reply: Reply; readonly ageMs: number } | undefined {
    const key = replyKey(question, config);
    const kept = this.#store.peek(key);
    if (kept === undefined || !kept.mayBeStale) return undefined;
    const ageMs = this.#ageMs(kept);
    if (ageMs > maxAgeMs) return undefined;
    if (!dryRun) this.#store.touch(key);
    return { reply: kept.reply, ageMs };
  }

  /** Forgets replies, those that are on their way included, and returns how many were kept. */
  invalidate({ messageTypes, target, all }: ReplyFilter): number {
    this.#generation += 1;
    const types = new Set(messageTypes);
    const to = target && targetToString(target);
    const matches = (reply: Pick<KeptReply, 'messageType' | 'target'>): boolean =>
      all ||
      ((types.size === 0 || types.has(reply.messageType)) && (to === undefined || to === reply.target));
    for (const [key, flight] of this.#flights) {
      if (!matches(flight.subject)) continue;
      // Those who already wait asked before. Who asks from now on gets a newer answer.
      flight.mayKeep = false;
      this.#flights.delete(key);
    }
    return this.#store.deleteWhere(matches);
  }

  /** Whether {@link serve} would answer a question at once. */
  holds(question: ReplyQuestion, config: ReplyCacheConfig): boolean {
    return this.#fresh(replyKey(question, config), config) !== undefined;
  }

  /** What would become of a question now, in one line for people. */
  describe(question: ReplyQuestion, config: ReplyCacheConfig): string {
    const key = replyKey(question, config);
    const forWhom = config.shared ? 'for all callers' : 'for this caller alone';
    const kept = this.#fresh(key, config);
    if (kept !== undefined) {
      const ageMs = this.#ageMs(kept);
      const leftMs = Math.min(config.ttlMs, kept.freshForMs) - ageMs;
      return `would answer with the reply that is ${timeText(ageMs)} old, good for ${timeText(leftMs)} more, ${forWhom}; nobody is asked`;
    }
    if (this.#flights.has(key))
      return 'would share the reply of a call with the same question that is under way';
    return `has no reply to this question; would keep the one that comes for ${timeText(config.ttlMs)}, ${forWhom}`;
  }

  /** Asks the target, for this caller and all who ask the same meanwhile. */
  async #lead(
    { key, flightKey, question, config, options }: Asked,
    deliver: () => Promise<Delivered>,
  ): Promise<Delivered> {
    const flight = new Flight({
      messageType: question.type,
      target: targetToString(question.target),
      priority: question.priority,
    });
    this.#flights.set(flightKey, flight);
    const leave = (): void => {
      // After an invalidation another flight may have its place.
      if (this.#flights.get(flightKey) === flight) this.#flights.delete(flightKey);
    };
    try {
      const delivered = await deliver();
      leave();
      if (flight.mayKeep && isGood(delivered)) this.#keep(key, question, config, delivered.reply);
      flight.end({ kind: 'delivered', delivered });
      return delivered;
    } catch (error) {
      leave();
      flight.failed(error, options, this.#clock);
      throw error;
    }
  }

  #keep(key: string, question: ReplyQuestion, config: ReplyCacheConfig, reply: Reply): void {
    const { freshForMs, mayBeStale } = replyUse(reply, config);
    if (freshForMs <= 0 && !mayBeStale) {
      // What was kept before is not what the target says now.
      this.#store.delete(key);
      return;
    }
    this.#store.set(key, {
      reply,
      messageType: question.type,
      target: targetToString(question.target),
      timeMs: this.#clock.monotonic(),
      freshForMs,
      mayBeStale,
    });
  }

  /** The reply that may be given now: within the time of today's policy too, should it have become shorter. */
  #fresh(key: string, { ttlMs }: ReplyCacheConfig): KeptReply | undefined {
    const kept = this.#store.peek(key);
    if (kept === undefined || this.#ageMs(kept) >= Math.min(ttlMs, kept.freshForMs)) return undefined;
    return kept;
  }

  #ageMs({ timeMs }: KeptReply): number {
    return this.#clock.monotonic() - timeMs;
  }
}

interface Asked {
  readonly key: string;
  readonly flightKey: string;
  readonly question: ReplyQuestion;
  readonly config: ReplyCacheConfig;
  readonly options: ServeOptions;
}

/** Whether the reply is what the target itself answered when all was well: no refusal, and nobody answered in its place. */
function isGood({ delivery }: Delivered): boolean {
  return delivery.fallbackUsed === '' && delivery.attempts.some(({ verdict }) => verdict === 'OK');
}

/** A time for people: `250 ms`, `2.5 s`, `5 min`, `24 h`. */
function timeText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
