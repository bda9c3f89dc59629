import type { Policy } from './policy.ts';
import {
  type PolicySubject,
  type PolicyTarget,
  type ResolvedPolicy,
  resolvePolicy,
  unmatchedPolicy,
} from './policy-match.ts';

/** Subjects whose settings are remembered. At one more all are forgotten: they are merged anew as they are asked for. */
export const resolvedPoliciesMax = 10_000;

/** The settings of one subject, and of what they were merged for beside the keys that lead here. */
interface Entry {
  readonly type: string | undefined;
  readonly capabilities: readonly string[];
  readonly resolved: ResolvedPolicy;
}

type Keyed<T> = Map<string, T>;
/** By target, message type, kind and source. */
type Level = Keyed<Keyed<Keyed<Keyed<Entry>>>>;

/**
 * Merged settings of one list of policies, remembered by subject: every message asks, and few subjects differ. Four
 * lookups instead of one in a joined text, which would cost more than all of them; what no policy looks at (sources,
 * mostly) is not told apart. A list that changed is another object.
 */
export class PolicyCache {
  readonly #policies: readonly Policy[];
  readonly #looksAt: { readonly messageType: boolean; readonly kind: boolean; readonly source: boolean };
  readonly #entriesMax: number;
  readonly #systems: Level = new Map();
  /** Of messages to a type or capability: by the type that all of its systems have, if they do, then by capability. */
  readonly #groups: Keyed<Level> = new Map();
  #entries = 0;

  constructor(policies: readonly Policy[], entriesMax = resolvedPoliciesMax) {
    this.#policies = policies;
    this.#entriesMax = entriesMax;
    this.#looksAt = {
      messageType: policies.some(({ match }) => match.messageTypes.length > 0),
      kind: policies.some(({ match }) => match.kinds.length > 0),
      source: policies.some(({ match }) => match.sources.length > 0),
    };
  }

  /** What {@link resolvePolicy} gives for these policies. Nobody may change it. */
  resolve(subject: PolicySubject): ResolvedPolicy {
    if (this.#policies.length === 0) return unmatchedPolicy;
    const { type, capabilities } = subject;
    const looksAt = this.#looksAt;
    const messageType = looksAt.messageType ? subject.messageType : '';
    const kind = looksAt.kind ? subject.kind : '';
    const source = looksAt.source ? subject.source : '';
    const target = subject.systemId ?? capabilities[0] ?? '';
    const known = this.#levelOf(subject).get(target)?.get(messageType)?.get(kind)?.get(source);
    // A system may have registered again as something else.
    if (known !== undefined && known.type === type && isSame(known.capabilities, capabilities)) {
      return known.resolved;
    }
    const resolved = resolvePolicy(this.#policies, subject);
    if (known === undefined) this.#makeRoom();
    within(within(within(this.#levelOf(subject), target), messageType), kind).set(source, {
      type,
      capabilities,
      resolved,
    });
    return resolved;
  }

  /** Ids, types and capabilities may be spelled alike. */
  #levelOf({ systemId, type }: PolicyTarget): Level {
    return systemId === undefined ? within(this.#groups, type ?? '') : this.#systems;
  }

  #makeRoom(): void {
    if (this.#entries >= this.#entriesMax) {
      this.#systems.clear();
      this.#groups.clear();
      this.#entries = 0;
    }
    this.#entries += 1;
  }
}

function within<T>(level: Keyed<Keyed<T>>, key: string): Keyed<T> {
  const inner = level.get(key);
  if (inner !== undefined) return inner;
  const made: Keyed<T> = new Map();
  level.set(key, made);
  return made;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, index) => name === b[index]));
}
