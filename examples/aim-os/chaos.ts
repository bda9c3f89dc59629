import type { Clock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/error.ts';
import type { Act, Fault } from './chaos-plan.ts';
import type { Fleet } from './fleet.ts';

export interface ChaosRun {
  readonly acts: readonly Act[];
  readonly fleet: Pick<Fleet, 'kill' | 'behave'> & {
    revive(id: string): Promise<{ readonly process: { readonly pid: number } }>;
  };
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Prints a line. */
  readonly log: (text: string) => void;
}

/**
 * Carries a plan out, from now on, and prints each beginning and end of an act with its planned offset. Resolves when
 * all is done, or after the signal aborts, when nothing is under way any more. What fails is printed; the others go on.
 */
export async function runChaos({ acts, fleet, clock, signal, log }: ChaosRun): Promise<void> {
  const beganMs = clock.monotonic();
  /** What is being done to a system: one thing after the other. */
  const underWay = new Map<string, Promise<void>>();
  for (const { atMs, systemId, text, carryOut } of stepsOf(acts)) {
    try {
      await clock.sleep(Math.max(0, beganMs + atMs - clock.monotonic()), signal);
    } catch (error) {
      if (signal.aborted) break;
      throw error;
    }
    log(`chaos ${offsetText(atMs)}  ${systemId} ${text}`);
    const step = async (): Promise<void> => {
      try {
        if (!signal.aborted) await carryOut(fleet, log);
      } catch (error) {
        if (!signal.aborted) log(`chaos could not be done to ${systemId}: ${messageOf(error)}`);
      }
    };
    underWay.set(systemId, (underWay.get(systemId) ?? Promise.resolve()).then(step));
  }
  await Promise.all(underWay.values());
}

interface Step {
  readonly atMs: number;
  readonly systemId: string;
  readonly text: string;
  readonly carryOut: (fleet: ChaosRun['fleet'], log: ChaosRun['log']) => Promise<void>;
}

/** Beginnings and ends in order of time; of the same time, those of the earlier act first. */
function stepsOf(acts: readonly Act[]): readonly Step[] {
  return acts
    .flatMap(({ systemId, fault, startMs, endMs }): Step[] => {
      const length = `for ${((endMs - startMs) / 1000).toFixed(1)} s`;
      const { begins, ends, behaviour } = trouble(fault);
      const begin: Step['carryOut'] = (fleet) =>
        behaviour === undefined ? fleet.kill(systemId) : fleet.behave(systemId, behaviour);
      const end: Step['carryOut'] = async (fleet, log) => {
        if (behaviour !== undefined) return fleet.behave(systemId, {});
        const { process } = await fleet.revive(systemId);
        log(`${systemId} has registered again (pid ${process.pid})`);
      };
      return [
        { atMs: startMs, systemId, text: `${begins} ${length}`, carryOut: begin },
        { atMs: endMs, systemId, text: ends, carryOut: end },
      ];
    })
    .sort((one, other) => one.atMs - other.atMs);
}

interface Trouble {
  readonly begins: string;
  readonly ends: string;
  /** As `POST /__behaviour` takes it; undefined: its process is killed. */
  readonly behaviour: Readonly<Record<string, unknown>> | undefined;
}

function trouble(fault: Fault): Trouble {
  switch (fault.kind) {
    case 'slow': {
      const behaviour = { delay_ms: fault.delayMs };
      return { begins: `answers after ${fault.delayMs} ms`, ends: 'answers at once again', behaviour };
    }
    case 'failing': {
      const behaviour = { status: fault.status };
      return { begins: `fails every message with ${fault.status}`, ends: 'fails no more', behaviour };
    }
    case 'hanging':
      return { begins: 'hangs', ends: 'hangs no more', behaviour: { hangs: true } };
    case 'refusing': {
      const behaviour = { refuses: true };
      return { begins: 'refuses connections', ends: 'takes connections again', behaviour };
    }
    case 'gone':
      return { begins: 'is killed', ends: 'is started again', behaviour: undefined };
  }
}

/** `+  4.2 s`, as wide as up to 27 hours need. */
function offsetText(ms: number): string {
  return `+${(ms / 1000).toFixed(1).padStart(5)} s`;
}
