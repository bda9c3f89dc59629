import type { HealthStatus } from '../base/health-status.ts';
import type { Protocol } from '../base/transport.ts';
import type { System } from './system.ts';

/** Which systems: every field that is set must hold, and within a list any one. Empty lists and texts are not set. */
export interface SystemFilterSpec {
  readonly types: readonly string[];
  /** One of these, provided by the system. */
  readonly capabilities: readonly string[];
  /** An interface of one of these. */
  readonly protocols: readonly Protocol[];
  /** Own status. */
  readonly statuses: readonly HealthStatus[];
  /** All of these labels with these values. */
  readonly labels: Readonly<Record<string, string>>;
  readonly zone: string;
  readonly owner: string;
  readonly idPrefix: string;
  /** In the id, name or type; ASCII letters match in either case. */
  readonly text: string;
}

/** The filter that every system passes. */
export const everySystem: SystemFilterSpec = {
  types: [],
  capabilities: [],
  protocols: [],
  statuses: [],
  labels: {},
  zone: '',
  owner: '',
  idPrefix: '',
  text: '',
};

/** A filter, ready to be asked about many systems. */
export interface SystemFilter {
  readonly spec: SystemFilterSpec;
  /** The same for filters that mean the same; names the filter in resume and page tokens. */
  readonly key: string;
  /** Whether the answer depends on the status: watchers must then look again when it changes. */
  readonly needsStatus: boolean;
  matches(system: System, status: HealthStatus): boolean;
}

/** Prepares a filter. Pure; the lists of `spec` are bounded at the edge. */
export function createSystemFilter(spec: SystemFilterSpec): SystemFilter {
  const types = new Set(spec.types);
  const capabilities = new Set(spec.capabilities);
  const protocols = new Set(spec.protocols);
  const statuses = new Set(spec.statuses);
  const labels = Object.entries(spec.labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const text = asciiLower(spec.text);
  const sorted = (values: ReadonlySet<string>): string[] => [...values].sort();

  return {
    spec,
    key: JSON.stringify([
      sorted(types),
      sorted(capabilities),
      sorted(protocols),
      sorted(statuses),
      labels,
      spec.zone,
      spec.owner,
      spec.idPrefix,
      text,
    ]),
    needsStatus: statuses.size > 0,
    matches: (system, status) =>
      (types.size === 0 || types.has(system.type)) &&
      (capabilities.size === 0 || system.capabilities.some((name) => capabilities.has(name))) &&
      (protocols.size === 0 || system.interfaces.some(({ protocol }) => protocols.has(protocol))) &&
      (statuses.size === 0 || statuses.has(status)) &&
      labels.every(([name, value]) => Object.hasOwn(system.labels, name) && system.labels[name] === value) &&
      (spec.zone === '' || system.zone === spec.zone) &&
      (spec.owner === '' || system.owner === spec.owner) &&
      system.id.startsWith(spec.idPrefix) &&
      (text === '' || asciiLower(searchTextOf(system)).includes(text)),
  };
}

/** What the `text` of a filter is looked for in. */
export function searchTextOf(system: {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}): string {
  return `${system.id}\n${system.name}\n${system.type}`;
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
