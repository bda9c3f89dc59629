import type { EffectivePolicy } from '../resilience/policy.ts';
import { type Candidate, tierOf, tiers } from './candidate.ts';

/** Who may be tried, and who not. */
export interface Selection {
  /** In no order of preference. */
  readonly usable: readonly Candidate[];
  readonly excluded: readonly Candidate[];
  /** Only UNHEALTHY candidates are left, and the policy lets a call try them. */
  readonly panic: boolean;
  /** Some are ejected and usable all the same, because too few others are. */
  readonly ejectionsIgnored: boolean;
}

const none: readonly Candidate[] = [];

/**
 * Leaves out whom nobody may try: without a route for the message type, refused by a breaker, out of rotation, ejected.
 *
 * Ejections are ignored while less than `panicShare` of the systems is usable, so that those who are left are not crushed
 * by the load of all (Envoy's panic threshold:
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold), and always
 * when nobody else is. `all` holds the candidates of each system in a row.
 */
export function selectUsable(
  all: readonly Candidate[],
  { panic: mayPanic, ejection: { panicShare } }: Pick<EffectivePolicy, 'panic' | 'ejection'>,
): Selection {
  let ready = 0;
  let ejected = 0;
  for (const candidate of all) {
    if (!isReady(candidate)) continue;
    ready += 1;
    if (candidate.ejectedUntilMs !== undefined) ejected += 1;
  }
  if (ready === all.length && ejected === 0) {
    return { usable: all, excluded: none, panic: false, ejectionsIgnored: false };
  }
  const ejectionsIgnored = ejected > 0 && areTooFew(all, panicShare);
  const panic = ready === 0 && mayPanic && all.some(isLastResort);
  const isUsable = panic
    ? isLastResort
    : (candidate: Candidate) =>
        isReady(candidate) && (ejectionsIgnored || candidate.ejectedUntilMs === undefined);
  const usable: Candidate[] = [];
  const excluded: Candidate[] = [];
  for (const candidate of all) (isUsable(candidate) ? usable : excluded).push(candidate);
  return { usable, excluded, panic, ejectionsIgnored };
}

/** Whether so few systems are usable without the ejected ones that those are needed, too. */
function areTooFew(all: readonly Candidate[], panicShare: number): boolean {
  const systems = countSystems(all, ({ takesType }) => takesType);
  const usable = countSystems(all, (one) => isReady(one) && one.ejectedUntilMs === undefined);
  return usable === 0 || usable / systems < panicShare;
}

/** How many systems have a candidate of that kind. */
function countSystems(all: readonly Candidate[], isOfKind: (candidate: Candidate) => boolean): number {
  let count = 0;
  let last: string | undefined;
  for (const candidate of all) {
    if (candidate.systemId === last || !isOfKind(candidate)) continue;
    last = candidate.systemId;
    count += 1;
  }
  return count;
}

function isReady(candidate: Candidate): boolean {
  return isOpen(candidate) && tierOf[candidate.status] <= tiers.degraded;
}

function isLastResort(candidate: Candidate): boolean {
  return isOpen(candidate) && tierOf[candidate.status] === tiers.unhealthy;
}

function isOpen({ takesType, refusal }: Candidate): boolean {
  return takesType && refusal === undefined;
}
