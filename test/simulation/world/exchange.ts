import type { Clock } from '../../../src/base/clock.ts';
import type { Draws } from '../draws.ts';
import type { AttemptRecord } from '../ledger.ts';
import type { TargetProcess } from './target.ts';
import type { Answer, Ending } from './wire.ts';

/** How the way to one address is. Shares are of 1; what remains goes well. */
export interface LinkCondition {
  /** Average time one way, in ms. */
  latencyMs: number;
  /** A message in either direction takes {@link spikeMs} longer. */
  spike: number;
  /** Nothing comes through, and nobody says so. */
  cutOff: boolean;
  /** Why no connection comes about. */
  unreachable: 'name_not_resolved' | 'tls_failed' | 'connect_failed' | undefined;
  lostRequest: number;
  resetBefore: number;
  refusedStream: number;
  goaway: number;
  lostAnswer: number;
  resetAfter: number;
  resetMidway: number;
  trickle: number;
  garbage: number;
  twice: number;
}

export const wellLink: LinkCondition = {
  latencyMs: 3,
  spike: 0.01,
  cutOff: false,
  unreachable: undefined,
  lostRequest: 0.006,
  resetBefore: 0.006,
  refusedStream: 0.006,
  goaway: 0.006,
  lostAnswer: 0.006,
  resetAfter: 0.006,
  resetMidway: 0.006,
  trickle: 0.006,
  garbage: 0.006,
  twice: 0.006,
};

/** What a spike adds, in ms. */
const spikeMs = 800;
/** After this long without an answer to a connect the hub's egress gives up, as the real one does. */
const connectTimeoutMs = 10_000;

/** The way from a hub to one address. */
export interface Link {
  readonly clock: Clock;
  readonly draws: Draws;
  readonly condition: LinkCondition;
  /** Whether the protocol has streams that can be refused one by one. */
  readonly hasStreams: boolean;
  /** Who listens at the address now. */
  readonly listener: () => TargetProcess | undefined;
  readonly onFault: (what: string) => void;
  /** The hub's connection; undefined while it has none. */
  connection: { readonly to: TargetProcess } | undefined;
}

/** Time that one message takes one way. */
export function oneWayMs({
  draws,
  condition,
}: {
  readonly draws: Draws;
  readonly condition: Pick<LinkCondition, 'latencyMs' | 'spike'>;
}): number {
  const { latencyMs, spike } = condition;
  return 0.05 + draws.exponential(latencyMs) + (draws.chance(spike) ? spikeMs : 0);
}

/**
 * Carries one attempt over a link: connects if need be, brings the request to the target and the answer back, or fails
 * on the way. Ends at the attempt's deadline and when the caller goes away; the target, which does not hear of either,
 * works on.
 */
export function exchange(link: Link, attempt: AttemptRecord, signal: AbortSignal): Promise<Ending> {
  return new Promise((resolve) => {
    const { clock, draws, condition, hasStreams, onFault } = link;
    let stage: 'unsent' | 'sent' | 'heard' = 'unsent';
    let ended = false;

    const settle = (ending: Ending): void => {
      if (ended) return;
      ended = true;
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      resolve(ending);
    };
    const onAbort = (): void =>
      settle(
        stage === 'unsent'
          ? { kind: 'unsent', reason: 'cancelled' }
          : { kind: 'cancelled', heard: stage === 'heard' },
      );
    const onDeadline = (): void =>
      settle(
        stage === 'unsent'
          ? { kind: 'unsent', reason: 'deadline' }
          : { kind: 'deadline', heard: stage === 'heard' },
      );
    const onTheWay = (then: () => void): void => void clock.after(oneWayMs(link), () => ended || then());
    const fault = (what: string): void => onFault(`network ${what}`);
    const timer = clock.after(attempt.attemptDeadlineMs - clock.now(), onDeadline);
    signal.addEventListener('abort', onAbort, { once: true });

    const begin = (): void => {
      const { connection } = link;
      // A connection that its other end closed is out of the pool.
      if (connection === undefined || connection.to.saidGoodbye) onTheWay(connect);
      else send(connection.to);
    };

    const connect = (): void => {
      const { unreachable } = condition;
      const to = link.listener();
      if (condition.cutOff) {
        fault('connect unanswered');
        clock.after(connectTimeoutMs, () => settle({ kind: 'unsent', reason: 'connect_timeout' }));
      } else if (unreachable !== undefined) {
        fault(unreachable);
        settle({ kind: 'unsent', reason: unreachable });
      } else if (to === undefined) {
        onTheWay(() => settle({ kind: 'unsent', reason: 'connect_refused' }));
      } else {
        link.connection = { to };
        onTheWay(() => send(to));
      }
    };

    const send = (to: TargetProcess): void => {
      stage = 'sent';
      const { lostRequest, resetBefore, refusedStream, goaway } = condition;
      const fate = draws.byShare(
        { lostRequest, resetBefore, ...(hasStreams ? { refusedStream, goaway } : {}) },
        'arrives',
      );
      if (fate !== 'arrives') fault(fate);
      if (condition.cutOff) return;
      switch (fate) {
        case 'lostRequest':
          break;
        case 'refusedStream':
          onTheWay(() => settle({ kind: 'refused_stream' }));
          break;
        case 'goaway':
          onTheWay(() => hangUp({ kind: 'goaway' }));
          break;
        case 'resetBefore':
          onTheWay(() => hangUp({ kind: 'reset', heard: false }));
          break;
        case 'arrives':
          // On its way whether or not its sender still waits.
          clock.after(oneWayMs(link), () => arrive(to));
      }
    };

    const arrive = (to: TargetProcess): void => {
      const broken = (): void => onTheWay(() => hangUp({ kind: 'reset', heard: false }));
      if (to.alive) to.receive({ attempt, answer: takeBack, broken });
      // A machine that is gone says nothing; one that is back knows nothing of the connection.
      else if (to.saidGoodbye || link.listener() !== undefined) broken();
    };

    const hangUp = (ending: Ending): void => {
      link.connection = undefined;
      settle(ending);
    };

    const takeBack = (answer: Answer): void => {
      if (ended) return;
      const { lostAnswer, resetAfter, resetMidway, trickle, garbage, twice } = condition;
      const fate = draws.byShare({ lostAnswer, resetAfter, resetMidway, trickle, garbage, twice }, 'arrives');
      if (fate !== 'arrives') fault(fate);
      if (condition.cutOff || fate === 'lostAnswer') return;
      onTheWay(() => {
        switch (fate) {
          case 'resetAfter':
          case 'resetMidway':
            hangUp({ kind: 'reset', heard: fate === 'resetMidway' });
            break;
          case 'trickle':
            stage = 'heard';
            break;
          case 'garbage':
            hangUp({ kind: 'garbage' });
            break;
          case 'twice':
          case 'arrives':
            settle({ kind: 'answer', answer, twice: fate === 'twice' });
        }
      });
    };

    if (signal.aborted) onAbort();
    else if (attempt.attemptDeadlineMs <= clock.now()) onDeadline();
    else begin();
  });
}
