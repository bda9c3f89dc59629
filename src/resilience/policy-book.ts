import { HubError } from '../base/error.ts';
import type { Policy } from './policy.ts';

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
  #forBreakers: readonly Policy[] = [];

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

  /** Those that say something of breakers, in the same order; the same array until one of them changes. */
  get forBreakers(): readonly Policy[] {
    return this.#forBreakers;
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

  /** Calls `listener` after every change of {@link forBreakers} until the returned function is called. */
  onBreakersChange(listener: () => void): () => void {
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
    const forBreakers = this.#policies.filter(({ breaker }) => breaker !== undefined);
    // Every breaker is set anew at a change, so only for one that matters to them.
    if (JSON.stringify(forBreakers) === JSON.stringify(this.#forBreakers)) return;
    this.#forBreakers = forBreakers;
    for (const listener of this.#listeners) listener();
  }
}

const configurationOrigin = 'configuration';
