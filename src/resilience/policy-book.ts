import { HubError } from '../base/error.ts';
import { namesTargetsAlone, type Policy } from './policy.ts';
import { PolicyCache } from './policy-cache.ts';
import { policyFieldPaths, policyFields, policyValueAt } from './policy-fields.ts';
import type { PolicySubject, PolicyTarget, ResolvedPolicy } from './policy-match.ts';

/** A policy in force, and where it comes from. */
export interface BookedPolicy {
  readonly policy: Policy;
  /** `configuration`, `catalog:NAME`, or `put`. */
  readonly origin: string;
  /** Only of one that was put: changes with every change of it. */
  readonly etag?: string;
  /** Only of one that was put: when it last was, in epoch ms. */
  readonly updateTimeMs?: number;
}

/** A policy that a catalog brings. */
export interface CatalogPolicyEntry {
  readonly catalog: string;
  readonly policy: Policy;
}

/** A policy that was put while the hub runs. */
export interface PutPolicy {
  readonly policy: Policy;
  readonly etag: string;
  readonly updateTimeMs: number;
}

/**
 * The policies in force: one list for routing and breakers alike. It has three parts, the catalogs', the configuration's
 * and those that were put, each replaced whole while the hub runs. A name is the configuration's if it has it, else a
 * catalog's: another policy of that name waits until it is given up. In the list the catalogs come first and what was
 * put last, and so wins between policies that match equally well.
 */
export class PolicyBook {
  readonly #listeners = new Set<() => void>();
  #configuration: readonly Policy[];
  #catalogs: readonly CatalogPolicyEntry[] = [];
  #puts: readonly PutPolicy[] = [];
  #booked: ReadonlyMap<string, BookedPolicy> = new Map();
  #policies: readonly Policy[] = [];
  #forTargets: readonly Policy[] = [];
  #cache = new PolicyCache([]);
  #targetCache = new PolicyCache([]);

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

  /** The settings for a message, merged, with where each comes from. The same object until a policy changes. */
  resolve(subject: PolicySubject): ResolvedPolicy {
    return this.#cache.resolve(subject);
  }

  /**
   * The settings that all messages to a target share, merged: its breaker, limits, ejection and balancing. The same
   * object until a policy changes.
   */
  forTarget({ systemId, type, capabilities }: PolicyTarget): ResolvedPolicy {
    return this.#targetCache.resolve({
      systemId,
      type,
      capabilities,
      messageType: '',
      kind: 'REQUEST',
      source: '',
    });
  }

  /** Those that say something of what all messages to a target share, in the same order; the same array until one of them changes. */
  get forTargets(): readonly Policy[] {
    return this.#forTargets;
  }

  /** All policies in force, in order of their names. */
  list(): readonly BookedPolicy[] {
    return [...this.#booked.values()].sort((a, b) => (a.policy.name < b.policy.name ? -1 : 1));
  }

  /** The policy of this name that is in force. */
  get(name: string): BookedPolicy | undefined {
    return this.#booked.get(name);
  }

  /** The policy of this name, or POLICY_NOT_FOUND. */
  require(name: string): BookedPolicy {
    const booked = this.#booked.get(name);
    if (booked !== undefined) return booked;
    throw policyNotFound(name);
  }

  /** The list as it would be without the policy of this name. */
  without(name: string): readonly Policy[] {
    return this.#policies.filter((policy) => policy.name !== name);
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

  /** Replaces the policies that were put, whose names are unique. They apply from the next message on. */
  setPuts(puts: readonly PutPolicy[]): void {
    this.#puts = puts;
    this.#combine();
  }

  /** Calls `listener` after every change of {@link forTargets} until the returned function is called. */
  onTargetsChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #combine(): void {
    const configured = new Set(this.#configuration.map(({ name }) => name));
    const taken = new Set([...configured, ...this.#catalogs.map(({ policy }) => policy.name)]);
    const booked: BookedPolicy[] = [
      ...this.#catalogs
        .filter(({ policy }) => !configured.has(policy.name))
        .map(({ catalog, policy }) => ({ policy, origin: `catalog:${catalog}` })),
      ...this.#configuration.map((policy) => ({ policy, origin: configurationOrigin })),
      ...this.#puts
        .filter(({ policy }) => !taken.has(policy.name))
        .map((put) => ({ ...put, origin: putOrigin })),
    ];
    this.#booked = new Map(booked.map((each) => [each.policy.name, each]));
    this.#policies = booked.map(({ policy }) => policy);
    this.#cache = new PolicyCache(this.#policies);
    const forTargets = this.#policies.filter((each) => namesTargetsAlone(each.match) && saysShared(each));
    // Everything kept by target is set anew at a change, so only for one that matters to it.
    if (JSON.stringify(forTargets) === JSON.stringify(this.#forTargets)) return;
    this.#forTargets = forTargets;
    this.#targetCache = new PolicyCache(forTargets);
    for (const listener of this.#listeners) listener();
  }
}

function saysShared(policy: Policy): boolean {
  return sharedFields.some((path) => policyValueAt(policy, path) !== undefined);
}

const sharedFields = policyFieldPaths.filter((path) => policyFields[path].sharedByTarget !== undefined);

/** The error for a name that no policy has. */
export function policyNotFound(name: string): HubError {
  return new HubError({
    reason: 'POLICY_NOT_FOUND',
    message: `There is no policy ${JSON.stringify(name)}; list the policies to see which there are.`,
    metadata: { name },
    resource: { type: 'policy', name },
  });
}

/** Origin of a policy that was put by a call. */
export const putOrigin = 'put';
const configurationOrigin = 'configuration';
