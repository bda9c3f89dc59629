import type { Clock } from '../base/clock.ts';
import type { Message, Reply } from '../base/message.ts';
import { type Random, randomInt } from '../base/random.ts';
import type { AttemptReason, AttemptResult, Endpoint, SendOptions } from '../base/transport.ts';
import { type EndpointKey, EndpointMap } from '../resilience/endpoint-map.ts';
import type { Attempt, Delivery } from './delivery.ts';

/** Recorded answers, nearest in time, that one is drawn from. */
export const nearestAnswers = 8;

/** The type of a system, where it is known. */
export type TypeOf = (systemId: string) => string | undefined;

/** Reasons that say nothing about the target: the hub refused or could not ask, or the caller went away. */
const notTheTargets: ReadonlySet<string> = new Set<AttemptReason>([
  'breaker_open',
  'concurrency_limited',
  'hub_rate_limited',
  'mapping_failed',
  'misconfigured',
  'cancelled',
]);

/**
 * How systems answered, from the attempts of recorded deliveries, for asking them again at other times and more or less
 * often. A system of which no attempt is recorded answers as those of its type together.
 */
export class RecordedAnswers {
  readonly #byEndpoint = new EndpointMap<Attempt[]>();
  readonly #byType = new Map<string, Attempt[]>();
  readonly #byDelivery = new Map<string, readonly Attempt[]>();
  readonly #typeOf: TypeOf;

  constructor(deliveries: readonly Delivery[], typeOf: TypeOf) {
    this.#typeOf = typeOf;
    for (const { id, attempts } of deliveries) {
      const answers = attempts.filter(({ reason }) => !notTheTargets.has(reason));
      this.#byDelivery.set(id, answers);
      for (const answer of answers) this.#keep(answer);
    }
    for (const answers of this.#byEndpoint.values()) answers.sort(byTime);
    for (const answers of this.#byType.values()) answers.sort(byTime);
  }

  /** Whether anything is known of how an endpoint answers. */
  knows(key: EndpointKey): boolean {
    return this.at(key).length > 0;
  }

  /** Whether an attempt at this very endpoint is recorded. */
  saw(key: EndpointKey): boolean {
    return this.#byEndpoint.get(key) !== undefined;
  }

  /** What is known of an endpoint, in order of time. */
  at(key: EndpointKey): readonly Attempt[] {
    const own = this.#byEndpoint.get(key);
    if (own !== undefined) return own;
    const type = this.#typeOf(key.systemId);
    return (type === undefined ? undefined : this.#byType.get(type)) ?? [];
  }

  /** What a delivery itself was answered, in order of its attempts. */
  of(deliveryId: string): readonly Attempt[] {
    return this.#byDelivery.get(deliveryId) ?? [];
  }

  #keep(answer: Attempt): void {
    const own = this.#byEndpoint.get(answer);
    if (own === undefined) this.#byEndpoint.set(answer, [answer]);
    else own.push(answer);
    const type = this.#typeOf(answer.systemId);
    if (type === undefined) return;
    const ofType = this.#byType.get(type);
    if (ofType === undefined) this.#byType.set(type, [answer]);
    else ofType.push(answer);
  }
}

/**
 * A transport that answers as recorded. What a delivery itself was answered at an endpoint comes first, in its order; if it
 * asks more often than it did then, it gets one of the {@link nearestAnswers} answers nearest in time, and none twice: by
 * chance one of those that were given least often so far. Were any of them as good, a few failures close together would be
 * given again and again, and open breakers that such failures do not open. A target that had not answered in time never
 * answers, however long it is given; an answer that took longer than what it is given now comes too late.
 */
export class AnswersReplay {
  readonly #answers: RecordedAnswers;
  readonly #clock: Clock;
  readonly #random: Random;
  /** What each delivery under way was answered; {@link ended} forgets it. */
  readonly #used = new Map<string, Set<Attempt>>();
  /** How often each answer was given. */
  readonly #given = new Map<Attempt, number>();

  constructor(options: {
    readonly answers: RecordedAnswers;
    readonly clock: Clock;
    readonly random: Random;
  }) {
    this.#answers = options.answers;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** A delivery is over and asks no more. */
  ended(messageId: string): void {
    this.#used.delete(messageId);
  }

  async send(endpoint: Endpoint, message: Message, options: SendOptions): Promise<AttemptResult> {
    const answer = this.#draw(endpoint, message.id);
    const givenMs = Math.max(0, options.attemptDeadlineMs - this.#clock.now());
    const takesMs = answer.reason === 'timeout' ? Infinity : answer.latencyMs;
    const notReached = answer.verdict === 'NOT_REACHED';
    try {
      const lastsMs = Math.min(takesMs, givenMs);
      if (lastsMs > 0 || options.signal.aborted) await this.#clock.sleep(lastsMs, options.signal);
    } catch (thrown) {
      if (thrown !== options.signal.reason) throw thrown;
      return { ...cancelled, verdict: notReached ? 'NOT_REACHED' : 'MAY_HAVE_ACTED' };
    }
    // What was still connecting when its time was up has reached nobody; of anything else that is not known.
    return takesMs > givenMs && !notReached ? timedOut : resultOf(answer);
  }

  #draw(endpoint: Endpoint, messageId: string): Attempt {
    let used = this.#used.get(messageId);
    if (used === undefined) this.#used.set(messageId, (used = new Set()));
    const answer = this.#own(endpoint, messageId, used) ?? this.#near(endpoint, used);
    used.add(answer);
    this.#given.set(answer, this.#timesGiven(answer) + 1);
    return answer;
  }

  #own(endpoint: Endpoint, messageId: string, used: ReadonlySet<Attempt>): Attempt | undefined {
    return this.#answers
      .of(messageId)
      .find(
        (answer) =>
          answer.systemId === endpoint.systemId &&
          answer.interface === endpoint.interface &&
          !used.has(answer),
      );
  }

  #near(endpoint: Endpoint, used: ReadonlySet<Attempt>): Attempt {
    const known = this.#answers.at(endpoint);
    const near = nearest(known, this.#clock.now(), used);
    const least = Math.min(...near.map((answer) => this.#timesGiven(answer)));
    const fresh = near.filter((answer) => this.#timesGiven(answer) === least);
    const answer = fresh[randomInt(this.#random, fresh.length)];
    if (answer !== undefined) return answer;
    throw new Error(`nothing is known of ${endpoint.systemId}, so the simulation must leave it out`);
  }

  #timesGiven(answer: Attempt): number {
    return this.#given.get(answer) ?? 0;
  }
}

/** The unused answers nearest in time; the first ones when all were used. */
function nearest(answers: readonly Attempt[], atMs: number, used: ReadonlySet<Attempt>): readonly Attempt[] {
  let after = firstFrom(answers, atMs);
  let before = after - 1;
  const found: Attempt[] = [];
  while (found.length < nearestAnswers) {
    const earlier = answers[before];
    const later = answers[after];
    if (earlier === undefined && later === undefined) break;
    const earlierIsNearer =
      later === undefined ||
      (earlier !== undefined && atMs - earlier.startTimeMs <= later.startTimeMs - atMs);
    const answer = earlierIsNearer ? earlier : later;
    if (earlierIsNearer) before -= 1;
    else after += 1;
    if (answer !== undefined && !used.has(answer)) found.push(answer);
  }
  return found.length > 0 ? found : answers.slice(0, nearestAnswers);
}

/** The place of the first answer that began at an instant or later. */
function firstFrom(answers: readonly Attempt[], atMs: number): number {
  let low = 0;
  let high = answers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((answers[middle]?.startTimeMs ?? Infinity) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byTime(a: Attempt, b: Attempt): number {
  return a.startTimeMs - b.startTimeMs;
}

function resultOf({ verdict, reason, status, detail, retryAfterMs }: Attempt): AttemptResult {
  return {
    verdict,
    reason: reason as AttemptReason,
    status,
    detail,
    ...(verdict === 'OK' && reason !== 'bad_reply' ? { reply: { ...emptyReply, status } } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Replies are not kept. */
const emptyReply: Reply = { status: '', contentType: '', headers: {}, data: new Uint8Array() };

const timedOut: AttemptResult = {
  verdict: 'MAY_HAVE_ACTED',
  reason: 'timeout',
  status: '',
  detail: 'no answer in time',
};

const cancelled: AttemptResult = {
  verdict: 'MAY_HAVE_ACTED',
  reason: 'cancelled',
  status: '',
  detail: 'the caller went away',
};
