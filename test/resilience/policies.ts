import { changesWithout } from '../../src/resilience/policy-removal.ts';
import { policyFieldName } from '../../src/resilience/policy-fields.ts';
import { policyViolations } from '../../src/resilience/policy-violations.ts';
import { broken, policy, type Scenarios, World } from './world.ts';

const second = 1000;

/** Policies: which one holds, and which are refused. */
export const policyScenarios: Scenarios = {
  'two policies match, one for the type and one for the system': async () => {
    const world = new World(
      ['a'],
      [
        policy({
          name: 'type',
          match: { types: ['ledger'] },
          timeoutMs: 10 * second,
          retry: { attempts: 5 },
        }),
        policy({ name: 'system', match: { systemIds: ['a'] }, timeoutMs: 5 * second }),
      ],
    );
    const plan = world.core.router.plan({
      target: { by: 'system', systemId: 'a' },
      messageType: 'book_entry',
      kind: 'QUERY',
      source: '',
      messageId: 'm-1',
      correlationId: '',
      headers: {},
      repeatSafety: undefined,
      maxAttempts: undefined,
      timeoutMs: undefined,
    });
    const { policy: merged, provenance } = plan.policy;
    return `timeout ${merged.timeoutMs / second} s from ${provenance.timeoutMs}, retry.attempts ${merged.retry.attempts} from ${provenance['retry.attempts']}, balance from ${provenance.balance}`;
  },
  'a policy changes while the hub runs': async () => {
    const world = new World(['a'], [policy({ retry: { attempts: 1 } })]);
    world.does('a', broken);
    const before = await world.send();
    world.book.setConfiguration([policy({ retry: { attempts: 2 } })]);
    return `${before.line}; the next message: ${(await world.send()).line}`;
  },
  'a policy is deleted': async () => {
    const type = policy({ name: 'type', match: { types: ['ledger'] }, timeoutMs: 10 * second });
    const system = policy({
      name: 'system',
      match: { systemIds: ['a'] },
      timeoutMs: 5 * second,
      retry: { attempts: 5 },
    });
    const changes = changesWithout(system, {
      before: [type, system],
      after: [type],
      systems: [{ systemId: 'a', type: 'ledger', capabilities: [] }],
    });
    return changes
      .map(
        ({ field, before, after, from }) =>
          `${policyFieldName(field)} ${String(before)} → ${String(after)} from ${from}`,
      )
      .join(', ');
  },
  'a policy gives one attempt more time than all of them': async () =>
    refusal(policy({ timeoutMs: 5 * second, attemptTimeoutMs: 10 * second })),
  'a policy allows no trial call of a half-open breaker': async () =>
    refusal(policy({ breaker: { halfOpenCalls: 0 } })),
  'a fallback leads back to where it came from': async () =>
    refusal(
      policy({
        match: { types: ['ledger'] },
        fallback: [{ kind: 'target', target: { by: 'type', type: 'ledger' } }],
      }),
    ),
  'a policy for one type of message sets a breaker, which all of them share': async () =>
    refusal(policy({ match: { messageTypes: ['report'] }, breaker: { consecutiveFailures: 3 } })),
};

/** Why PutPolicy, a catalog and the configuration refuse it, at which field. */
function refusal(refused: ReturnType<typeof policy>): string {
  return policyViolations(refused)
    .map(({ path }) => `INVALID_FIELD at ${path}`)
    .join(', ');
}
