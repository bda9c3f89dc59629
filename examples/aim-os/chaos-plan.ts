import { randomInt, seededRandom } from '../../src/base/random.ts';
import type { Random } from '../../src/base/random.ts';

/** What is done to a system. */
export type Fault =
  /** Answers after `delayMs`. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Fails every message with the HTTP status, or the gRPC code that corresponds to it; health checks succeed. */
  | { readonly kind: 'failing'; readonly status: number }
  /** Takes messages and health checks and answers none. */
  | { readonly kind: 'hanging' }
  /** Lives on, but its ports refuse connections. */
  | { readonly kind: 'refusing' }
  /** Its process is killed, and started anew at the end. */
  | { readonly kind: 'gone' };

/** One system gets into trouble and out of it again. Times in ms from the beginning, multiples of 100. */
export interface Act {
  readonly systemId: string;
  readonly fault: Fault;
  readonly startMs: number;
  /** Later than `startMs`, and at most the duration. */
  readonly endMs: number;
}

/** What the plan must know of a system. */
export interface ChaosSystem {
  readonly id: string;
  readonly type: string;
  /** Whether messages go to its type. */
  readonly isCalled: boolean;
}

export interface ChaosOptions {
  /** A whole number from 0 to 2³²-1; the same one gives the same plan. */
  readonly seed: number;
  readonly systems: readonly ChaosSystem[];
  readonly durationMs: number;
  /** Mean time between beginnings, in ms; each is from half to one and a half of it. At least 100. */
  readonly everyMs: number;
  /** Whether every system of a called type may be in trouble at once. */
  readonly noMercy: boolean;
}

/** Beginnings that a plan draws; what would come after them is left out. Two days at the usual pace. */
export const beginningsMax = 100_000;
export const actMsMin = 6_000;
const actMsMax = 12_000;
/** What a system is given to recover after its act: its breakers stay open up to 10 s more, then close by trial calls. */
export const recoveryMs = 15_000;
/** Share of acts on systems that messages go to, where there is a choice: there is most to see. */
const calledShare = 0.75;
const statuses = [500, 502, 503, 504] as const;
const kinds = ['slow', 'failing', 'hanging', 'refusing', 'gone'] as const;

/**
 * What happens to whom and when: a pure function of its options, in order of time. A system is in one act at a time.
 * With mercy one system of a called type is always well, and a called type that has only one is never touched. The last
 * quarter of the duration, at most {@link recoveryMs}, is for recovery; a duration too short for an act has none.
 */
export function planChaos(options: ChaosOptions): readonly Act[] {
  const { durationMs, everyMs } = options;
  const random = seededRandom(options.seed);
  const lastEndMs = durationMs - Math.min(recoveryMs, durationMs / 4);
  const acts: Act[] = [];
  const endsMs = new Map<string, number>();
  let startMs = 0;
  for (let beginning = 0; beginning < beginningsMax; beginning += 1) {
    startMs = tenths(startMs + everyMs * (0.5 + random.next()));
    if (startMs + actMsMin > lastEndMs) break;
    // Drawn also where no system is free: what one act draws depends on nothing but its place in the plan.
    const isCalled = random.next() < calledShare;
    const share = random.next();
    const lengthMs = actMsMin + randomInt(random, actMsMax - actMsMin + 1);
    const fault = drawFault(random);
    const free = freeSystems(options, endsMs, startMs);
    const preferred = free.filter((system) => system.isCalled === isCalled);
    const candidates = preferred.length > 0 ? preferred : free;
    const system = candidates[Math.floor(share * candidates.length)];
    if (system === undefined) continue;
    const endMs = tenths(Math.min(startMs + lengthMs, lastEndMs));
    endsMs.set(system.id, endMs);
    acts.push({ systemId: system.id, fault, startMs, endMs });
  }
  return acts;
}

/** Systems that may get into trouble at `startMs`. */
function freeSystems(
  { systems, noMercy }: ChaosOptions,
  endsMs: ReadonlyMap<string, number>,
  startMs: number,
): readonly ChaosSystem[] {
  const endMs = (id: string): number => endsMs.get(id) ?? -Infinity;
  return systems.filter(({ id, type, isCalled }) => {
    if (endMs(id) >= startMs) return false;
    if (noMercy || !isCalled) return true;
    const others = systems.filter((other) => other.type === type && other.id !== id);
    const isRecovered = (one: string): boolean => endMs(one) + recoveryMs < startMs;
    // Itself too, so that its breakers are seen to close before the next act.
    return isRecovered(id) && others.some((other) => isRecovered(other.id));
  });
}

function drawFault(random: Random): Fault {
  const kind = kinds[randomInt(random, kinds.length)] ?? 'gone';
  // Two numbers whatever the kind, for the same reason.
  const delayMs = 300 + 100 * randomInt(random, 8);
  const status = statuses[randomInt(random, statuses.length)] ?? 503;
  if (kind === 'slow') return { kind, delayMs };
  if (kind === 'failing') return { kind, status };
  return { kind };
}

/** Rounded to 100 ms, as offsets are printed. */
function tenths(ms: number): number {
  return Math.floor(ms / 100) * 100;
}
