import type { Message } from '#gen/switchyard/messaging/v1/message_pb.js';
import type {
  RouteCandidate,
  RouteFallback,
  RouteLimit,
  RoutePlan,
} from '#gen/switchyard/messaging/v1/route_plan_pb.js';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { Kind } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { drawBox, drawLink, drawTree } from './drawing.ts';
import type { Branch, Paper } from './drawing.ts';
import { enumName } from './enum-name.ts';
import { failureBranches } from './explain-failure.ts';
import { policyRows } from './explain-policy.ts';
import { durationText } from './proto-time.ts';
import { breakerCell, healthCell } from './status-colour.ts';
import type { Cell } from './table.ts';
import { targetText } from './target-argument.ts';
import { paint } from './terminal.ts';

/** Draws what the hub would do with a message, from the top down. `whole` shows every field of the policy. */
export function drawPlan(
  paper: Paper,
  { message, plan }: { readonly message: Message; readonly plan: RoutePlan },
  { whole = false }: { readonly whole?: boolean } = {},
): string {
  const { kind, type, source, target, candidates, limits, fallbacks } = { ...message, ...plan };
  const from = source === '' ? '' : ` from ${source}`;
  const kindText = kind === Kind.UNSPECIFIED ? 'REQUEST' : enumName(Kind, kind);
  const policies = plan.policies.length === 0 ? 'the defaults: no policy matches' : plan.policies.join(', ');
  const sections: Branch[] = [
    ...(limits.length === 0 ? [] : [{ words: ['limits'], below: limits.map(limitBranch) }]),
    ...(plan.replyCache === '' ? [] : [{ words: ['reply cache'], details: [plan.replyCache] }]),
    {
      words: ['candidates', { text: orderText(plan), colour: 'dim' }],
      ...(candidates.length === 0
        ? { details: ['Nobody is registered who could take it.'] }
        : { below: candidates.map((candidate, at) => candidateBranch(candidate, at + 1)) }),
    },
    ...((plan.policy?.hedge?.attempts ?? 0) === 0
      ? []
      : [{ words: ['hedging'], details: [hedgeText(plan)] }]),
    ...(fallbacks.length === 0
      ? []
      : [{ words: ['fallbacks'], below: fallbacks.map((step, at) => fallbackBranch(step, at + 1)) }]),
    { words: ['when an attempt fails'], below: failureBranches(plan) },
  ];
  return [
    `${paint(paper, 'bold', type)} (${kindText})${from} to ${targetText(target)}`,
    drawLink(paper),
    ...drawBox(paper, `policy: ${policies}`, policyRows(plan, { whole })),
    ...drawTree(paper, sections, { indent: '  ', airy: true }),
    ...verdict(paper, plan),
  ].join('\n');
}

function verdict(paper: Paper, { failure }: RoutePlan): readonly string[] {
  if (failure === '') return [];
  return [
    '',
    `${paint(paper, 'red', `SendMessage would fail at once: ${failure}`)} (switchyard errors lookup ${failure})`,
  ];
}

/** How candidates come into their order. */
function orderText({ balance, panic, candidates }: RoutePlan): string {
  const usable = candidates.filter(({ usable: isUsable }) => isUsable).length;
  if (usable === 0) return '(none can be tried)';
  const chosen = usable > 1 && balance !== '' ? `, ${balance}` : '';
  return `(${usable} of ${candidates.length} can be tried${chosen}${panic ? ', UNHEALTHY ones too: nothing better is left' : ''})`;
}

function candidateBranch(candidate: RouteCandidate, place: number): Branch {
  const { usable, systemId, zone, reason, breaker, protocol } = candidate;
  const name = candidate.interface === '' ? systemId : `${systemId}/${candidate.interface}`;
  return {
    words: [
      mark(usable, place),
      usable ? name : { text: name, colour: 'dim' },
      protocol === Protocol.UNSPECIFIED ? '' : enumName(Protocol, protocol),
      healthCell(candidate.status),
      breaker === BreakerState.UNSPECIFIED ? '' : prefixed('breaker', breakerCell(breaker)),
      zone === '' ? '' : `zone ${zone}`,
    ],
    details: [reason],
  };
}

/** Its place in the order, or that it is out. */
function mark(usable: boolean, place: number): Cell {
  return usable ? { text: String(place), colour: 'green' } : { text: 'x', colour: 'red' };
}

function prefixed(word: string, cell: Cell): Cell {
  return typeof cell === 'string' ? `${word} ${cell}` : { ...cell, text: `${word} ${cell.text}` };
}

function limitBranch(limit: RouteLimit): Branch {
  const { subject, refuses, waiting, retryDelay, policy } = limit;
  const unit = limit.limit.endsWith('_rate') ? 'tokens taken' : 'in flight';
  const used = `${round(limit.current)} of ${round(limit.maximum)} ${unit}`;
  const queue = waiting === 0 ? '' : `, ${waiting} waiting`;
  const again = retryDelay === undefined ? '' : `, again in ${durationText(retryDelay)}`;
  return {
    words: [
      limit.limit,
      subject,
      used + queue,
      refuses ? { text: `refuses now${again}`, colour: 'red' } : '',
      { text: policy === 'default' ? policy : `from ${policy}`, colour: 'dim' },
    ],
  };
}

function fallbackBranch({ name, usable, reason, candidates }: RouteFallback, place: number): Branch {
  return {
    words: [mark(usable, place), usable ? name : { text: name, colour: 'dim' }],
    details: [reason],
    below: candidates.map((candidate, at) => candidateBranch(candidate, at + 1)),
  };
}

function hedgeText({ hedgeDelay, policy }: RoutePlan): string {
  if (hedgeDelay === undefined) {
    return 'None now: it is for SAFE and IDEMPOTENT messages with more than one attempt, and where the policy names no delay, it takes 20 calls of the target to go by.';
  }
  const count = policy?.hedge?.attempts ?? 1;
  const begun =
    count === 1
      ? `A second attempt is begun ${durationText(hedgeDelay)} after the first`
      : `Up to ${count} further attempts are begun, each ${durationText(hedgeDelay)} after the one before`;
  return `${begun}, while none has ended; the first reply wins, and the others are cancelled.`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
