import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/error.ts';
import type { AttemptResult } from '../base/transport.ts';
import type { OpenAttempt } from './attempt.ts';
import type { RoutePlan } from './route.ts';

/** An attempt that ended, and how. */
export interface EndedAttempt {
  readonly attempt: OpenAttempt;
  readonly result: AttemptResult;
}

/** What a race takes from the delivery that it is run for. */
export interface RaceTerms {
  readonly clock: Pick<Clock, 'after'>;
  /** Aborts when the caller went away. */
  readonly signal: AbortSignal;
  /** Wait before each further attempt, in ms. */
  readonly delayMs: number;
  /** Further attempts that may be begun beside the first. */
  readonly hedges: number;
  /** Lets in a further attempt; undefined when there must not be one now. */
  readonly another: () => OpenAttempt | undefined;
  readonly send: (attempt: OpenAttempt, signal: AbortSignal, hedge: boolean) => Promise<AttemptResult>;
  /** An attempt failed while others run on. */
  readonly failed: (ended: EndedAttempt) => void;
  /** The race is decided, and this attempt is given up in the middle. */
  readonly overtaken: (attempt: OpenAttempt) => void;
  /** How an attempt that was given up did end. Nobody waits for it. */
  readonly late: (ended: EndedAttempt) => void;
}

/** Whether a message may be sent while it is on its way already. */
export function mayHedge({ repeatSafety: { repeatSafety } }: Pick<RoutePlan, 'repeatSafety'>): boolean {
  return repeatSafety === 'SAFE' || repeatSafety === 'IDEMPOTENT';
}

/** What an attempt hears that is given up. */
class Overtaken extends Error {
  override readonly name = 'Overtaken';
  constructor() {
    super('another attempt of the same message ended first');
  }
}

/**
 * Runs attempts of one message beside each other (hedging: Dean and Barroso, "The Tail at Scale", 2013,
 * https://research.google/pubs/the-tail-at-scale/; gRFC A6): `first` at once and, as long as none has ended it, a further
 * one after each `delayMs`. The first reply or definite no ends the race, and so does the last failure; the others are
 * given up then, and end in the background. Resolves with the attempt that decided. Rejects with what a transport throws,
 * which is a defect, when the race was not decided yet.
 */
export function race(first: OpenAttempt, terms: RaceTerms): Promise<EndedAttempt> {
  return new Promise((resolve, reject) => new Race(terms, { resolve, reject }).begin(first));
}

/** Ends the race for the delivery. */
interface RaceEnd {
  readonly resolve: (ended: EndedAttempt) => void;
  readonly reject: (thrown: unknown) => void;
}

class Race {
  readonly #terms: RaceTerms;
  readonly #end: RaceEnd;
  /** Those under way; at most `hedges` and the first. */
  readonly #running = new Map<OpenAttempt, AbortController>();
  readonly #onAbort = (): void => {
    for (const controller of this.#running.values()) controller.abort(this.#terms.signal.reason);
  };
  #hedgesLeft: number;
  #timer: Timer | undefined;
  #decided = false;

  constructor(terms: RaceTerms, end: RaceEnd) {
    this.#terms = terms;
    this.#end = end;
    this.#hedgesLeft = terms.hedges;
  }

  begin(first: OpenAttempt): void {
    this.#terms.signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#start(first, false);
    this.#arm();
  }

  #arm(): void {
    if (this.#decided || this.#hedgesLeft === 0) return;
    this.#timer = this.#terms.clock.after(this.#terms.delayMs, () => this.#hedge());
  }

  /** The time of a further attempt has come. A chance that cannot be taken is gone. */
  #hedge(): void {
    this.#hedgesLeft -= 1;
    try {
      const attempt = this.#terms.another();
      if (attempt !== undefined) this.#start(attempt, true);
    } catch (thrown) {
      this.#break(thrown);
    }
    this.#arm();
  }

  #start(attempt: OpenAttempt, hedge: boolean): void {
    const controller = new AbortController();
    this.#running.set(attempt, controller);
    // In a function of its own, so that what a transport throws at once ends up in the same place.
    const sent = async (): Promise<AttemptResult> => this.#terms.send(attempt, controller.signal, hedge);
    sent()
      .then(
        (result) => this.#ended({ attempt, result }),
        (thrown: unknown) => this.#threw(attempt, thrown),
      )
      .catch((thrown: unknown) => this.#break(thrown));
  }

  #ended(ended: EndedAttempt): void {
    this.#running.delete(ended.attempt);
    if (this.#decided) {
      this.#terms.late(ended);
      return;
    }
    const { verdict } = ended.result;
    if (verdict === 'OK' || verdict === 'REJECTED' || this.#running.size === 0) {
      this.#decide();
      this.#end.resolve(ended);
    } else this.#terms.failed(ended);
  }

  #threw(attempt: OpenAttempt, thrown: unknown): void {
    if (!this.#decided) {
      this.#running.delete(attempt);
      attempt.giveBack('defect in the transport');
      throw thrown;
    }
    const detail = `given up, and the transport failed at that: ${messageOf(thrown)}`;
    this.#ended({ attempt, result: { verdict: 'MAY_HAVE_ACTED', reason: 'cancelled', status: '', detail } });
  }

  /** A defect ends the race for the caller; what runs is given up. */
  #break(thrown: unknown): void {
    if (!this.#decided) this.#decide();
    this.#end.reject(thrown);
  }

  #decide(): void {
    this.#decided = true;
    this.#timer?.cancel();
    this.#terms.signal.removeEventListener('abort', this.#onAbort);
    const overtaken = [...this.#running];
    for (const [attempt] of overtaken) this.#terms.overtaken(attempt);
    for (const [, controller] of overtaken) controller.abort(new Overtaken());
  }
}
