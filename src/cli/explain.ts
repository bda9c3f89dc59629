import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import { RoutePlanSchema } from '#gen/switchyard/messaging/v1/route_plan_pb.js';
import type { RouteCandidate, RoutePlan } from '#gen/switchyard/messaging/v1/route_plan_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { parseTimeout, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { enumName } from './enum-name.ts';
import { messageToJson, printJson } from './json.ts';
import { messageFromOptions, repeatSafetyOf, withMessage } from './message-options.ts';
import type { MessageOptions } from './message-options.ts';
import { durationText } from './proto-time.ts';
import { breakerCell, healthCell } from './status-colour.ts';
import { renderFacts, renderTable } from './table.ts';
import type { Cell } from './table.ts';
import { paint } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** `switchyard explain`: what `send` would do, and why. */
export function addExplain(program: Command, cli: Cli): void {
  const command = withMessage(
    program
      .command('explain')
      .description('Shows whom a message would go to, in which order and by which rules. Sends nothing.'),
  );
  withExamples(withJson(withTimeout(command)), [
    'switchyard explain type:cmc --type data_request --kind query',
    'switchyard explain --to-capability payments.read --type balance_query --json',
  ]).action(async (target: string | undefined, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<MessageOptions & HubOptions>();
    const message = await messageFromOptions(target, { ...options, json: false });
    const timeoutMs = parseTimeout(options);
    const { plan } = await withHub(cli, options, (hub) =>
      hub.messaging.explainRoute(
        {
          message,
          repeatSafety: repeatSafetyOf(options),
          ...(timeoutMs !== undefined && { timeout: durationFromMs(timeoutMs) }),
        },
        hub.call,
      ),
    );
    if (plan === undefined) throw new Error('the hub answered without a plan');
    if (options.json === true) printJson(cli.terminal, messageToJson(RoutePlanSchema, plan));
    else cli.terminal.print(describePlan(cli.terminal, plan));
  });
}

function describePlan(terminal: Terminal, plan: RoutePlan): string {
  const candidates =
    plan.candidates.length === 0
      ? 'Nobody is registered who could take it.'
      : renderTable(
          terminal,
          ['', 'system', 'interface', 'protocol', 'usable', 'health', 'breaker', 'in flight', 'why'],
          plan.candidates.map(candidateRow),
        );
  const verdict =
    plan.failure === ''
      ? ''
      : `\n\n${paint(terminal, 'red', `SendMessage would fail at once: ${plan.failure}`)} (switchyard errors lookup ${plan.failure})`;
  return `${candidates}${verdict}\n\n${renderFacts(terminal, policyFacts(plan))}`;
}

function candidateRow(candidate: RouteCandidate, index: number): Cell[] {
  const { usable } = candidate;
  return [
    usable ? String(index + 1) : '',
    candidate.systemId,
    candidate.interface === '' ? '-' : candidate.interface,
    enumName(Protocol, candidate.protocol),
    usable ? { text: 'yes', colour: 'green' } : { text: 'no', colour: 'red' },
    healthCell(candidate.status),
    breakerCell(candidate.breaker),
    String(candidate.inFlight),
    candidate.reason,
  ];
}

/** What is in force, under the names that the fields have in a policy (docs/configuration.md). */
function policyFacts(plan: RoutePlan): [string, Cell][] {
  const safety = enumName(RepeatSafety, plan.repeatSafety);
  const from = (field: string): string => {
    const policy = plan.provenance[field];
    return policy === undefined ? '' : `, from ${policy}`;
  };
  const repeats = plan.attempts > 1;
  const shown: [string, Cell][] = [
    ['repeat_safety', plan.repeatSafetyFrom === '' ? safety : `${safety}, from the ${plan.repeatSafetyFrom}`],
    ['retry.attempts', `${plan.attempts} at most${from('retry.attempts')}`],
    ['retry.initial_delay', repeats ? durationText(plan.initialDelay) + from('retry.initial_delay') : ''],
    ['retry.factor', repeats ? `${plan.delayFactor}${from('retry.factor')}` : ''],
    [
      'retry.max_delay',
      repeats ? `${durationText(plan.maxDelay)}, with jitter below it${from('retry.max_delay')}` : '',
    ],
    [
      'timeout',
      plan.timeout === undefined ? '' : `${durationText(plan.timeout)} for everything${from('timeout')}`,
    ],
    [
      'attempt_timeout',
      plan.attemptTimeout === undefined
        ? 'decided when it starts, from what remains'
        : durationText(plan.attemptTimeout) + from('attempt_timeout'),
    ],
    ['balance', plan.balance === '' ? '' : plan.balance + from('balance')],
    [
      'panic',
      plan.panic
        ? { text: 'yes: no healthy system is left, an UNHEALTHY one is tried', colour: 'yellow' }
        : '',
    ],
    ['policies', plan.policies.length === 0 ? 'none match, the defaults apply' : plan.policies.join(', ')],
  ];
  const told = new Set(shown.map(([name]) => name));
  return [
    ...shown,
    ...Object.entries(plan.provenance)
      .filter(([field]) => !told.has(field))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([field, policy]): [string, Cell] => [field, `from ${policy}`]),
  ];
}
