import { HubError } from '../base/error.ts';
import { namesTargetsAlone, type Policy } from './policy.ts';
import {
  type PolicySubject,
  type PolicyTarget,
  type ResolvedPolicy,
  resolvePolicy,
  resolveTargetPolicy,
} from './policy-match.ts';

/** A policy in force, and where it comes from. */
export interface BookedPolicy {
  readonly policy: Policy;
  /** `configuration`, or `catalog:NAME`. */
  readonly origin: string;
}

/** A policy that a catalog brings. */
export interface CatalogPolicyEntry {
  readonly catalog: string;
  readonly policy: Policy;
}

/**
 * The policies in force: one list for routing and breakers alike. It has two parts, the configuration's and the
 * catalogs', each replaced whole while the hub runs. A name is the configuration's if it has it: the catalog's policy of
 * that name waits until the configuration gives it up. In the list the configuration comes last, and so wins between
 * policies that match equally well.
 */
export class PolicyBook {
  readonly #listeners = new Set<() => void>();
  #configuration: readonly Policy[];
  #catalogs: readonly CatalogPolicyEntry[] = [];
  #booked: ReadonlyMap<string, BookedPolicy> = new Map();
  #policies: readonly Policy[] = [];
  #forTargets: readonly Policy[] = [];

  /** The configuration's policies, as they are whenever it is asked. */
  readonly configured: { has(name: string): boolean; readonly size: number };

  constructor(configuration: readonly Policy[]) {
    this.#configuration = configuration;
    const size = (): number => this.#configuration.length;
    this.configured = {
      has: (name) => this.#booked.get(name)?.origin === configurationOrigin,
      get size() {
        return size();
      },
    };
    this.#combine();
  }

  /** All policies in force; the same array until one changes. */
  get policies(): readonly Policy[] {
    return this.#policies;
  }

  /** The settings for a message, merged, with where each comes from. */
  resolve(subject: PolicySubject): ResolvedPolicy {
    return resolvePolicy(this.#policies, subject);
  }

  /** The settings that all messages to a target share, merged: its breaker, limits, ejection and balancing. */
  forTarget(target: PolicyTarget): ResolvedPolicy {
    return resolveTargetPolicy(this.#forTargets, target);
  }

  /** Those that say something of what all messages to a target share, in the same order; the same array until one of them changes. */
  get forTargets(): readonly Policy[] {
    return this.#forTargets;
  }

  /** All policies in force, in order of their names. */
  list(): readonly BookedPolicy[] {
    return [...this.#booked.values()].sort((a, b) => (a.policy.name < b.policy.name ? -1 : 1));
  }

  /** The policy of this name, or POLICY_NOT_FOUND. */
  require(name: string): BookedPolicy {
    const booked = this.#booked.get(name);
    if (booked !== undefined) return booked;
    throw new HubError({
      reason: 'POLICY_NOT_FOUND',
      message: `There is no policy ${JSON.stringify(name)}; list the policies to see which there are.`,
      metadata: { name },
      resource: { type: 'policy', name },
    });
  }

  /** Replaces the configuration's policies, whose names are unique. They apply from the next message on. */
  setConfiguration(policies: readonly Policy[]): void {
    this.#configuration = policies;
    this.#combine();
  }

  /** Replaces the policies of all catalogs, whose names are unique. They apply from the next message on. */
  setCatalogs(entries: readonly CatalogPolicyEntry[]): void {
    this.#catalogs = entries;
    this.#combine();
  }

  /** Calls `listener` after every change of {@link forTargets} until the returned function is called. */
  onTargetsChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #combine(): void {
    const configured = new Set(this.#configuration.map(({ name }) => name));
    const booked: BookedPolicy[] = [
      ...this.#catalogs
        .filter(({ policy }) => !configured.has(policy.name))
        .map(({ catalog, policy }) => ({ policy, origin: `catalog:${catalog}` })),
      ...this.#configuration.map((policy) => ({ policy, origin: configurationOrigin })),
    ];
    this.#booked = new Map(booked.map((each) => [each.policy.name, each]));
    this.#policies = booked.map(({ policy }) => policy);
    const forTargets = this.#policies.filter(({ match }) => namesTargetsAlone(match));
    // Everything kept by target is set anew at a change, so only for one that matters to it.
    if (JSON.stringify(forTargets) === JSON.stringify(this.#forTargets)) return;
    this.#forTargets = forTargets;
    for (const listener of this.#listeners) listener();
  }
}

const configurationOrigin = 'configuration';
