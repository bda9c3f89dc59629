import { isSlug, slugBytesMax } from '../base/id.ts';
import { type Target, targetToString } from '../base/target.ts';
import {
  type FallbackStep,
  fallbackStepsMax,
  type Policy,
  type PolicyMatch,
  staticReplyBytesMax,
} from './policy.ts';
import { durationShown, type PolicyViolation, quoted } from './policy-violation.ts';

/** Bounds of a fallback step's own fields, in ms and in attempts. */
export const fallbackBounds = {
  timeoutMs: { min: 1, max: 3_600_000 },
  attempts: { min: 1, max: 100 },
  maxAgeMs: { min: 1000, max: 7 * 86_400_000 },
} as const;

/** What is wrong with a chain of fallbacks: its values, steps that lead back, steps that nothing reaches. */
export function* fallbackViolations({ fallback, match, repeatSafety }: Policy): Generator<PolicyViolation> {
  const steps = fallback?.slice(0, fallbackStepsMax) ?? [];
  const answers = new Map<string, number>();
  let always: number | undefined;
  for (const [index, step] of steps.entries()) {
    const path = `fallback[${index}]`;
    yield* stepBounds(path, step);
    yield* answerViolations(path, step, match);
    if (step.kind === 'last_good' && repeatSafety !== undefined && repeatSafety !== 'SAFE') {
      yield {
        path: `${path}.last_good`,
        message: `found in a policy with repeat_safety ${repeatSafety}, allowed is the last good reply of SAFE messages only: any other must reach its target`,
      };
    }
    const answer = step.kind === 'target' && isTarget(step.target) ? targetToString(step.target) : step.kind;
    const first = answers.get(answer);
    if (always !== undefined) {
      yield {
        path,
        message: `found behind the static reply of fallback[${always}], allowed is a static reply as the last step: it always answers, and nothing behind it is reached`,
      };
    } else if (first !== undefined && step.kind !== 'static_reply') {
      yield {
        path,
        message: `found ${answer} again, allowed is each answer once: fallback[${first}] has asked it already`,
      };
    } else answers.set(answer, index);
    if (step.kind === 'static_reply') always ??= index;
  }
}

function* stepBounds(path: string, step: FallbackStep): Generator<PolicyViolation> {
  const { timeoutMs, attempts } = step;
  if (timeoutMs !== undefined) yield* durationBounds(`${path}.timeout`, timeoutMs, fallbackBounds.timeoutMs);
  const { min, max } = fallbackBounds.attempts;
  if (attempts !== undefined && !(Number.isInteger(attempts) && attempts >= min && attempts <= max)) {
    yield {
      path: `${path}.attempts`,
      message: `found ${attempts}, allowed is a whole number from ${min} to ${max}`,
    };
  }
}

function* durationBounds(
  path: string,
  ms: number,
  { min, max }: { readonly min: number; readonly max: number },
): Generator<PolicyViolation> {
  if (ms >= min && ms <= max) return;
  yield {
    path,
    message: `found ${durationShown(ms)}, allowed is ${durationShown(min)} to ${durationShown(max)}`,
  };
}

function* answerViolations(path: string, step: FallbackStep, match: PolicyMatch): Generator<PolicyViolation> {
  switch (step.kind) {
    case 'target':
      yield* targetViolations(`${path}.target`, step.target, match);
      return;
    case 'same_type':
      return;
    case 'static_reply':
      yield* replyViolations(`${path}.static_reply`, step.reply);
      return;
    case 'last_good':
      if (step.maxAgeMs !== undefined) {
        yield* durationBounds(`${path}.last_good.max_age`, step.maxAgeMs, fallbackBounds.maxAgeMs);
      }
      return;
    default:
      // From a message of the contract, whose oneof may be empty or of a newer client.
      yield {
        path,
        message: 'found none, allowed is exactly one of target, same_type, static_reply, last_good',
      };
  }
}

function* targetViolations(
  path: string,
  target: Target | undefined,
  match: PolicyMatch,
): Generator<PolicyViolation> {
  if (target === undefined || !isTarget(target)) {
    yield {
      path,
      message: `found no name, allowed is exactly one of system_id, type, capability with a dotted lower-case slug of at most ${slugBytesMax} bytes`,
    };
  } else if (leadsBack(target, match)) {
    yield {
      path,
      message: `found ${targetToString(target)}, allowed is another target than the one that the policy matches: this one leads back to what has just failed`,
    };
  }
}

function isTarget(target: Target | undefined): target is Target {
  return target !== undefined && isSlug(nameOf(target));
}

function nameOf(target: Target): string {
  return target.by === 'system' ? target.systemId : target.by === 'type' ? target.type : target.capability;
}

/**
 * Whether everything that the policy matches has been asked when this target is: it names the very thing, and
 * nothing narrower beside it. (A policy for one system may well fall back to that system's type.) What a prefix or an
 * empty match lets through, delivery finds out: no message goes the same way twice.
 */
function leadsBack(target: Target, { systemIds, types, capabilities }: PolicyMatch): boolean {
  const name = nameOf(target);
  switch (target.by) {
    case 'system':
      return systemIds.includes(name);
    case 'type':
      return systemIds.length === 0 && types.includes(name);
    case 'capability':
      return systemIds.length === 0 && types.length === 0 && capabilities.includes(name);
  }
}

function* replyViolations(
  path: string,
  { status, contentType, dataBase64 }: Extract<FallbackStep, { kind: 'static_reply' }>['reply'],
): Generator<PolicyViolation> {
  if (!/^[\x21-\x7e]{1,64}$/.test(status)) {
    yield {
      path: `${path}.status`,
      message: `found ${quoted(status)}, allowed are 1 to 64 visible characters such as 200`,
    };
  }
  if (!/^[\x20-\x7e]{0,256}$/.test(contentType)) {
    yield {
      path: `${path}.content_type`,
      message: `found ${quoted(contentType)}, allowed is a media type such as application/json, at most 256 bytes`,
    };
  }
  const bytes = Buffer.from(dataBase64, 'base64').length;
  if (bytes > staticReplyBytesMax) {
    yield { path, message: `found ${bytes} bytes, allowed are at most ${staticReplyBytesMax}` };
  }
}
