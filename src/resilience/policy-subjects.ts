import type { MessageKind } from '../base/message.ts';
import type { PolicyMatch } from './policy.ts';
import { matchesTarget, type PolicySubject, type PolicyTarget } from './policy-match.ts';

/** A registered system, as far as policies match it. */
export interface PolicySystem {
  readonly systemId: string;
  readonly type: string;
  readonly capabilities: readonly string[];
}

/** Subjects that stand for one match. */
const subjectsMax = 100;
/** Of them, systems that are registered. */
const systemsMax = 20;

/** The registered systems that a match names. */
export function systemsOf(match: PolicyMatch, systems: Iterable<PolicySystem>): readonly PolicySystem[] {
  return [...systems].filter((system) => matchesTarget(match, system));
}

/**
 * Messages that stand for all that a match describes, to ask what policies do about them: one for each name, and for
 * each prefix one of a name that nothing else spells. What the match leaves open is left open in them: no type, kind or
 * source that any other policy could name. At most {@link subjectsMax}, the first of each list before the others.
 */
export function subjectsOf(match: PolicyMatch, systems: readonly PolicySystem[]): readonly PolicySubject[] {
  const targets = [...addressed(match, systems), ...systemsOf(match, systems).slice(0, systemsMax)];
  const subjects: PolicySubject[] = [];
  for (const messageType of sampled(match.messageTypes)) {
    for (const kind of match.kinds.length > 0 ? match.kinds : [noKind]) {
      for (const source of sampled(match.sources)) {
        for (const { systemId, type, capabilities } of targets) {
          if (subjects.length === subjectsMax) return subjects;
          subjects.push({ systemId, type, capabilities, messageType, kind, source });
        }
      }
    }
  }
  return subjects;
}

/** In no list of kinds. */
const noKind = '' as MessageKind;

/** Whom messages address that the match describes. */
function addressed(match: PolicyMatch, systems: readonly PolicySystem[]): readonly PolicyTarget[] {
  const type = match.types.length === 0 ? undefined : nameLike(match.types[0] ?? '');
  const capabilities = match.capabilities.slice(0, 1).map(nameLike);
  if (match.systemIds.length > 0) {
    return match.systemIds.map(
      (entry) =>
        systems.find((system) => system.systemId === entry && matchesTarget(match, system)) ?? {
          systemId: nameLike(entry),
          type,
          capabilities,
        },
    );
  }
  if (match.types.length > 0) {
    return match.types.map((entry) => ({ systemId: undefined, type: nameLike(entry), capabilities }));
  }
  if (match.capabilities.length > 0) {
    return match.capabilities.map((entry) => ({
      systemId: undefined,
      type: undefined,
      capabilities: [nameLike(entry)],
    }));
  }
  return [{ systemId: undefined, type: undefined, capabilities: [] }];
}

function sampled(entries: readonly string[]): readonly string[] {
  return entries.length === 0 ? [''] : entries.map(nameLike);
}

/** A name that an entry matches: itself, or of a prefix one that no slug equals. */
function nameLike(entry: string): string {
  return entry.endsWith('.*') ? `${entry.slice(0, -1)}~` : entry;
}
