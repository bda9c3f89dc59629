import type { Clock } from '../base/clock.ts';
import { HubError } from '../base/error.ts';
import { priorities, type Priority } from '../base/message.ts';
import type { Delivered } from './delivery.ts';

/** Whom a call waits for, and how long. */
export interface FlightOptions {
  /** Aborts when the caller went away. */
  readonly signal: AbortSignal;
  /** When the caller stops waiting, epoch ms; `Infinity`: never. */
  readonly deadlineMs: number;
}

/**
 * How a flight ended for those who followed it. `left`: its leader ended for reasons of its own, before there was an
 * answer, and somebody else must ask.
 */
export type FlightEnd =
  | { readonly kind: 'delivered'; readonly delivered: Delivered }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'left' };

/** What a flight asks, for those who ask whether it is theirs. */
export interface FlightSubject {
  readonly messageType: string;
  readonly target: string;
  readonly priority: Priority;
}

/**
 * One delivery under way that others with the same question wait for (single flight, as in
 * https://pkg.go.dev/golang.org/x/sync/singleflight). It never rejects: its end says what became of it.
 */
export class Flight {
  readonly subject: FlightSubject;
  readonly ended: Promise<FlightEnd>;
  /** Whether its reply may be kept; not once replies to its question were invalidated. */
  mayKeep = true;
  readonly end: (end: FlightEnd) => void;

  constructor(subject: FlightSubject) {
    this.subject = subject;
    const { promise, resolve } = Promise.withResolvers<FlightEnd>();
    this.ended = promise;
    this.end = resolve;
  }

  /** What its failure means to those who follow it. */
  failed(error: unknown, leader: FlightOptions, clock: Pick<Clock, 'now'>): void {
    this.end(isOwnEnd(error, leader, clock.now()) ? { kind: 'left' } : { kind: 'failed', error });
  }

  /**
   * Waits for its end. Rejects with the signal's reason when the follower goes away first, and with TARGET_TIMEOUT when
   * its own time is over; nobody else notices either.
   */
  follow({ signal, deadlineMs }: FlightOptions, clock: Clock): Promise<FlightEnd> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        timer?.cancel();
        reject(signal.reason as Error);
      };
      const timer = Number.isFinite(deadlineMs)
        ? clock.after(deadlineMs - clock.now(), () => {
            signal.removeEventListener('abort', onAbort);
            reject(timeOver());
          })
        : undefined;
      signal.addEventListener('abort', onAbort, { once: true });
      void this.ended.then((end) => {
        timer?.cancel();
        signal.removeEventListener('abort', onAbort);
        resolve(end);
      });
    });
  }

  /** Whether its failure holds for a follower too: one that ranks higher may be let in where its leader was not. */
  speaksFor(priority: Priority, error: unknown): boolean {
    const ranksHigher = priorities.indexOf(priority) > priorities.indexOf(this.subject.priority);
    return !(ranksHigher && error instanceof HubError && error.reason === 'CONCURRENCY_LIMITED');
  }
}

/** Whether a leader failed for a reason that its followers do not share: it went away, or its time was over. */
function isOwnEnd(error: unknown, { signal, deadlineMs }: FlightOptions, nowMs: number): boolean {
  if (signal.aborted || nowMs >= deadlineMs) return true;
  if (!(error instanceof HubError)) return false;
  return (
    error.reason === 'CANCELLED' ||
    error.reason === 'MESSAGE_EXPIRED' ||
    error.metadata['stopped_by'] === 'deadline'
  );
}

function timeOver(): HubError {
  return new HubError({
    reason: 'TARGET_TIMEOUT',
    message:
      'The same question of another call is under way, and no reply to it came in the time that this call had. Ask again, with a longer timeout if the target is known to be slow.',
    metadata: { stopped_by: 'deadline' },
    executed: 'unknown',
  });
}
