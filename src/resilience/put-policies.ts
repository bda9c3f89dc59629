import type { Clock } from '../base/clock.ts';
import { HubError } from '../base/error.ts';
import type { Policy } from './policy.ts';
import {
  type BookedPolicy,
  type PolicyBook,
  policyNotFound,
  type PutPolicy,
  putOrigin,
} from './policy-book.ts';
import { changesWithout, type PolicyFieldChange } from './policy-removal.ts';
import type { PolicySystem } from './policy-subjects.ts';
import { policyWarnings } from './policy-warnings.ts';

/** Policies that can be put. One more is POLICY_LIMIT. */
export const putPoliciesMax = 1000;

/** Durable memory of the policies that were put. */
export interface PutPolicyStore {
  /** All of them, in the order in which they were put. */
  load(): Promise<readonly PutPolicy[]>;
  /** Durable when it resolves; with the etag of what was written. */
  save(policy: Policy, updateTimeMs: number): Promise<PutPolicy>;
  remove(name: string): Promise<void>;
}

export interface PutPoliciesOptions {
  readonly store: PutPolicyStore;
  readonly book: PolicyBook;
  readonly clock: Clock;
  /** Who is registered, for warnings. */
  readonly systems: () => readonly PolicySystem[];
}

/** What a change depends on. */
export interface PutOptions {
  /** The etag that the policy must have now; empty: whatever it has; for a put also `*`: there must be none. */
  readonly etag?: string;
  /** Finds out whether it could be done, and changes nothing. */
  readonly validateOnly?: boolean;
}

/**
 * The policies that are put and deleted while the hub runs. Each change is durable before it is in force, and in force
 * before it is answered; changes run one after the other, so that an etag is compared with what is really there.
 */
export class PutPolicies {
  readonly #options: PutPoliciesOptions;
  /** By name, in the order in which they were put: of those that match equally well the last one wins. */
  readonly #puts = new Map<string, PutPolicy>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: PutPoliciesOptions) {
    this.#options = options;
  }

  /** Reads what is kept. Call once, at the start. */
  async load(): Promise<void> {
    for (const put of await this.#options.store.load()) this.#puts.set(put.policy.name, put);
    this.#publish();
  }

  /**
   * Creates or replaces a policy, which must have passed policyViolations. Throws POLICY_OWNED when the configuration or
   * a catalog has its name, ETAG_MISMATCH, POLICY_LIMIT, STORE_UNAVAILABLE.
   */
  put(
    policy: Policy,
    { etag = '', validateOnly = false }: PutOptions = {},
  ): Promise<{ readonly booked: BookedPolicy; readonly warnings: readonly string[] }> {
    return this.#inTurn(async () => {
      const { store, book, clock, systems } = this.#options;
      const replaced = this.#puts.get(policy.name);
      this.#checkOwner(policy.name);
      checkEtag(policy.name, etag, replaced);
      if (replaced === undefined && this.#puts.size >= putPoliciesMax) throw tooMany();
      const warnings = policyWarnings(policy, {
        policies: [...book.without(policy.name), policy],
        replaced: replaced?.policy,
        systems: systems(),
      });
      if (validateOnly) return { booked: { policy, origin: putOrigin }, warnings };
      const put = await store.save(policy, clock.now());
      this.#puts.delete(policy.name);
      this.#puts.set(policy.name, put);
      this.#publish();
      return { booked: { ...put, origin: putOrigin }, warnings };
    });
  }

  /**
   * Removes a policy that was put, and says what falls back to what. One that waits, because the configuration or a
   * catalog took its name, goes without a change. Throws POLICY_NOT_FOUND, POLICY_OWNED, ETAG_MISMATCH, STORE_UNAVAILABLE.
   */
  delete(
    name: string,
    { etag = '', validateOnly = false }: PutOptions = {},
  ): Promise<readonly PolicyFieldChange[]> {
    return this.#inTurn(async () => {
      const { store, book, systems } = this.#options;
      const put = this.#puts.get(name);
      if (put === undefined) {
        this.#checkOwner(name);
        throw policyNotFound(name);
      }
      checkEtag(name, etag, put);
      const inForce = book.get(name)?.origin === putOrigin;
      const changes = inForce
        ? changesWithout(put.policy, {
            before: book.policies,
            after: book.without(name),
            systems: systems(),
          })
        : [];
      if (validateOnly) return changes;
      await store.remove(name);
      this.#puts.delete(name);
      this.#publish();
      return changes;
    });
  }

  #checkOwner(name: string): void {
    const owner = this.#options.book.get(name)?.origin;
    if (owner === undefined || owner === putOrigin) return;
    const where = owner === 'configuration' ? 'the configuration' : `the ${owner.replace(':', ' ')}`;
    throw new HubError({
      reason: 'POLICY_OWNED',
      message: `The policy ${JSON.stringify(name)} belongs to ${where}: change it there, or give yours another name; with an equal match it wins over that one.`,
      metadata: { name, owner },
      resource: { type: 'policy', name },
    });
  }

  #publish(): void {
    this.#options.book.setPuts([...this.#puts.values()]);
  }

  /** After what was asked for before, whether that succeeded or not. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#running.then(act, act);
    this.#running = turn.catch(() => undefined);
    return turn;
  }
}

function checkEtag(name: string, etag: string, current: PutPolicy | undefined): void {
  if (etag === '' || etag === current?.etag || (etag === '*' && current === undefined)) return;
  const [asked, found] = [JSON.stringify(etag), JSON.stringify(current?.etag)];
  const message =
    current === undefined
      ? `There is no policy ${JSON.stringify(name)} any more that had the etag ${asked}; put it with etag "*" to create it.`
      : etag === '*'
        ? `There is a policy ${JSON.stringify(name)} already, with the etag ${found}; leave the etag out to replace it.`
        : `The policy ${JSON.stringify(name)} has changed: its etag is ${found}, not ${asked}; read it again and repeat the change.`;
  throw new HubError({
    reason: 'ETAG_MISMATCH',
    message,
    metadata: { name, etag, current_etag: current?.etag ?? '' },
    resource: { type: 'policy', name },
  });
}

function tooMany(): HubError {
  return new HubError({
    reason: 'POLICY_LIMIT',
    message: `${putPoliciesMax} policies were put already, which is the most; delete some (\`switchyard policies\` shows them), or join those that say the same.`,
    metadata: { limit: String(putPoliciesMax) },
  });
}
