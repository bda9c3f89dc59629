import type { RoutePlan } from '#gen/switchyard/messaging/v1/route_plan_pb.js';
import { RepeatScope } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import type { Branch } from './drawing.ts';
import { durationText } from './proto-time.ts';

/** What happens when an attempt fails: a branch for each thing that may be known about it (docs/delivery.md). */
export function failureBranches(plan: RoutePlan): readonly Branch[] {
  const repeats = plan.attempts > 1;
  return [
    branch(
      'nothing was done',
      'the connection failed, or the target says so',
      repeats
        ? `Whatever the message is, the next candidate is asked at once; one that was asked before, after a wait. ${attemptsText(plan)}`
        : 'Nobody is asked again: the message has one attempt.',
    ),
    branch('it may have acted', 'time ran out, the connection broke, 5xx', unknownOutcome(plan)),
    branch(
      'a definite no',
      '4xx',
      'The caller is told TARGET_REJECTED, with what the target said. Nobody else is asked.',
    ),
    ...(repeats ? [{ words: ['waits'], details: [waits(plan)] }] : []),
    { words: ['no attempt is left'], details: [inTheEnd(plan)] },
  ];
}

function branch(what: string, example: string, then: string): Branch {
  return { words: [what, { text: `(${example})`, colour: 'dim' }], details: [then] };
}

function attemptsText({ attempts, policy }: RoutePlan): string {
  const on = policy?.retry?.on ?? [];
  const only = on.length === 0 ? '' : ` Only after ${on.join(', ')}.`;
  return `At most ${attempts} attempts in all.${only}`;
}

function unknownOutcome(plan: RoutePlan): string {
  const { repeatSafety, attempts, policy } = plan;
  if (repeatSafety === RepeatSafety.UNSAFE) {
    return 'Never repeated, because it would act twice: the caller is told OUTCOME_UNKNOWN.';
  }
  if (attempts <= 1) return 'Not repeated: the message has one attempt.';
  const anywhere = policy?.repeatScope === RepeatScope.TYPE;
  const where = anywhere
    ? 'on any system of the type, for the policy says that they share their state'
    : 'on the same system alone';
  switch (repeatSafety) {
    case RepeatSafety.SAFE:
      return 'Repeated anywhere, because it is only a read.';
    case RepeatSafety.IDEMPOTENT:
      return `Repeated ${where}, because twice is as once there.`;
    case RepeatSafety.KEYED:
      return `Repeated ${where}, because the target knows the message by its id.`;
    default:
      return `Repeated ${where}.`;
  }
}

function waits({ initialDelay, delayFactor, maxDelay, policy }: RoutePlan): string {
  const grows = `up to ${durationText(initialDelay)} before the second attempt, ${delayFactor} times that before the next, never more than ${durationText(maxDelay)}, drawn at random below it`;
  const longest = policy?.retry?.maxRetryAfter;
  const obeyed =
    longest === undefined
      ? ''
      : `; what the target asks for instead (Retry-After) up to ${durationText(longest)}`;
  return `${grows}${obeyed}`;
}

function inTheEnd({ fallbacks, repeatSafety }: RoutePlan): string {
  if (fallbacks.length === 0) return 'The caller is told why, and whether anything was done.';
  const when =
    repeatSafety === RepeatSafety.SAFE
      ? 'The fallbacks are tried, in their order'
      : 'The fallbacks are tried, in their order, unless an attempt may have acted';
  return `${when}; after a definite no they are not. When none answers, the caller is told why.`;
}
