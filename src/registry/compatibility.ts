import { findRoute } from '../base/route.ts';
import { type Protocol, protocols } from '../base/transport.ts';
import type { SystemSpec } from './system.ts';

/** One thing that speaks against a candidate. */
export interface CompatibilityDifference {
  readonly field: 'type' | 'capabilities' | 'interfaces' | 'routes' | 'version';
  /** One line for people. */
  readonly message: string;
}

/** How a candidate compares with the system that it would stand in for. */
export interface Compatibility {
  /** Whether every message that the system takes could go to the candidate: there are no differences. */
  readonly compatible: boolean;
  readonly sharedCapabilities: readonly string[];
  /** The hub translates between protocols, so having none in common is no difference. */
  readonly sharedProtocols: readonly Protocol[];
  /** Types, and patterns of types, that both take; none that another one in the list covers. */
  readonly sharedMessageTypes: readonly string[];
  readonly differences: readonly CompatibilityDifference[];
}

/**
 * Says whether `candidate` can stand in for `system`: it is of the same type, has every capability, takes every
 * message type, and has the same major version where both have versions in the form of semver (for 0.x the minor one).
 */
export function compatibilityOf(system: SystemSpec, candidate: SystemSpec): Compatibility {
  const taken = typesTaken(system);
  const offered = typesTaken(candidate);
  const covered = taken.filter((type) => covers(offered, type));
  const shared = new Set([...covered, ...offered.filter((type) => covers(taken, type))]);
  const speaks = new Set(candidate.interfaces.map(({ protocol }) => protocol));
  const differences = [
    ...typeDifference(system, candidate),
    ...system.capabilities
      .filter((name) => !candidate.capabilities.includes(name))
      .map((name) => ({
        field: 'capabilities' as const,
        message: `${candidate.id} lacks the capability ${name}`,
      })),
    ...taken.filter((type) => !covers(offered, type)).map((type) => typeLacking(system, candidate, type)),
    ...versionDifference(system, candidate),
  ];
  return {
    compatible: differences.length === 0,
    sharedCapabilities: system.capabilities.filter((name) => candidate.capabilities.includes(name)).sort(),
    sharedProtocols: protocols.filter(
      (protocol) => speaks.has(protocol) && system.interfaces.some((each) => each.protocol === protocol),
    ),
    sharedMessageTypes: [...shared].filter((type) => !covers(without(shared, type), type)).sort(),
    differences,
  };
}

/** Patterns of the message types that a system takes by any of its interfaces, sorted, each once. */
function typesTaken({ interfaces }: SystemSpec): readonly string[] {
  const patterns = interfaces.flatMap(({ routes }) =>
    routes.length === 0 ? ['*'] : routes.map(({ messageType }) => messageType),
  );
  return [...new Set(patterns)].sort();
}

/** Whether every type that `pattern` names is named by one of `patterns`. */
function covers(patterns: readonly string[], pattern: string): boolean {
  const routes = patterns.map((messageType) => ({ messageType, operation: {}, repeatSafety: undefined }));
  // `a.b.*` lies within `a.*`, as the type `a.b.*` would; `*` only within `*`.
  return pattern === '*' ? patterns.includes('*') : findRoute(routes, pattern) !== undefined;
}

function without(patterns: ReadonlySet<string>, pattern: string): readonly string[] {
  return [...patterns].filter((each) => each !== pattern);
}

function typeLacking(system: SystemSpec, candidate: SystemSpec, type: string): CompatibilityDifference {
  if (type !== '*') return { field: 'routes', message: `${candidate.id} has no route that takes ${type}` };
  const whole = system.interfaces.find(({ routes }) => routes.length === 0);
  return whole === undefined
    ? { field: 'routes', message: `${candidate.id} has no route * for every other type` }
    : {
        field: 'interfaces',
        message: `${system.id} takes every message type by its interface ${whole.name}; ${candidate.id} takes only those of its routes`,
      };
}

function typeDifference(system: SystemSpec, candidate: SystemSpec): CompatibilityDifference[] {
  if (system.type === candidate.type) return [];
  return [
    {
      field: 'type',
      message: `${candidate.id} is of the type ${candidate.type}, ${system.id} of ${system.type}: messages to the type ${system.type} do not go to it`,
    },
  ];
}

function versionDifference(system: SystemSpec, candidate: SystemSpec): CompatibilityDifference[] {
  const [has, would] = [breakingPart(system.version), breakingPart(candidate.version)];
  if (has === undefined || would === undefined || has === would) return [];
  return [
    {
      field: 'version',
      message: `${candidate.id} has version ${candidate.version}, ${system.id} has ${system.version}: by semver the change from ${has}.x to ${would}.x may break callers`,
    },
  ];
}

/** The part of a semver version whose change may break callers: `2` of 2.1.0, `0.3` of 0.3.1; undefined for other forms. */
function breakingPart(version: string): string | undefined {
  const match = /^v?(\d+)\.(\d+)\.\d+(?:[-+][0-9A-Za-z.+-]*)?$/.exec(version);
  return match === null ? undefined : match[1] === '0' ? `0.${match[2]}` : match[1];
}
