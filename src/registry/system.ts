import { HubError } from '../base/error.ts';
import type { Route } from '../base/route.ts';
import type { Target } from '../base/target.ts';
import type { HealthCheck, Protocol } from '../base/transport.ts';

/** Systems that can be registered at once. One more is REGISTRY_FULL. */
export const systemsMaxDefault = 100_000;

/** A value that JSON can hold. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** Something that a system needs. */
export interface Dependency {
  /** A type or capability is met while any other system provides it. */
  readonly target: Target;
  /** Whether the system works without. */
  readonly optional: boolean;
}

/** One way to reach a system. */
export interface SystemInterface {
  /** A slug, unique within the system. */
  readonly name: string;
  readonly protocol: Protocol;
  /** As it was registered; {@link endpointsOf} gives the canonical form. At most 2048 bytes. */
  readonly uri: string;
  /** Settings of the protocol's adapter; at most 16 KiB as JSON. */
  readonly settings: JsonObject;
  readonly healthCheck: HealthCheck;
  /** Which operation each message type uses; at most 200. */
  readonly routes: readonly SystemRoute[];
}

/** A route as a record holds it. */
export interface SystemRoute extends Route {
  /** At most 16 KiB as JSON. */
  readonly operation: JsonObject;
}

/** What a system says about itself when it registers. Checked at the edge (rpc/registry-requests.ts). */
export interface SystemSpec {
  /** Unique; a slug. */
  readonly id: string;
  /** The group of interchangeable systems that it belongs to; a slug. */
  readonly type: string;
  /** For people; at most 200 characters. */
  readonly name: string;
  /** Any form; at most 64 characters. */
  readonly version: string;
  /** Slugs, each once, at most 100. */
  readonly capabilities: readonly string[];
  /** At most 100. */
  readonly dependencies: readonly Dependency[];
  /** In order of preference; 1 to 16. */
  readonly interfaces: readonly SystemInterface[];
  /** For others to read; the hub does not act on it. At most 64 KiB as JSON. */
  readonly configuration: JsonObject;
  /** At most 64. */
  readonly labels: Readonly<Record<string, string>>;
  /** Share of the load within the type; 1 to 1000, default 1. */
  readonly weight: number;
  /** Empty: nowhere in particular. */
  readonly zone: string;
  /** Who answers for it; at most 200 characters. */
  readonly owner: string;
}

/** Fields of a {@link SystemSpec} that an update may change. */
export type SystemChange = Partial<Omit<SystemSpec, 'id'>>;

/** How long a registration stays valid without renewal. */
export interface Lease {
  /** What each renewal grants, in ms. */
  readonly ttlMs: number;
  /** When it runs out, or ran out; epoch ms. */
  readonly expireTimeMs: number;
  /** Whether it ran out. */
  readonly expired: boolean;
}

/** A registered system. Immutable: every change makes a new one. */
export interface System extends SystemSpec {
  /** Changes with every change of the record, not with renewals. Empty: not written yet (validate_only). */
  readonly etag: string;
  /** When this id was first registered, epoch ms. */
  readonly createTimeMs: number;
  /** When the record last changed, epoch ms; renewals do not count. */
  readonly updateTimeMs: number;
  /** Names this incarnation. Known to whoever registered it; never shown to others. */
  readonly registrationId: string;
  /** Undefined: never expires. */
  readonly lease: Lease | undefined;
}

/** The error for an id that nobody has. */
export function systemNotFound(id: string): HubError {
  return new HubError({
    reason: 'SYSTEM_NOT_FOUND',
    message: `No system ${JSON.stringify(id)} is registered; list the systems, check the spelling, or register it.`,
    metadata: { system_id: id },
    resource: { type: 'system', name: id },
  });
}
