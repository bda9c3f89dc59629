import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RepeatSafety } from '../base/message.ts';
import type { Target } from '../base/target.ts';
import type { AttemptResult } from '../base/transport.ts';
import type { FallbackStep, Policy } from '../resilience/policy.ts';
import {
  broken,
  busy,
  createFleet,
  messageTo,
  ok,
  policy,
  refused,
  rejected,
  send,
  timedOut,
  toSystem,
  toType,
} from './fleet.fixture.ts';

const { reply: _none, ...unreadable } = ok;
const result = fc.constantFrom<AttemptResult>(
  ok,
  refused,
  busy,
  rejected,
  broken,
  timedOut,
  { ...unreadable, reason: 'bad_reply' },
  { ...broken, reason: 'reply_too_large' },
  { ...refused, reason: 'misconfigured' },
  { ...busy, retryAfterMs: 3000 },
);
/** How an attempt ends, and when: some take longer than they are given. */
const behaviour = fc.record({ result, takesMs: fc.constantFrom(0, 1, 40, 400, 20_000, 90_000) });
const step: fc.Arbitrary<FallbackStep> = fc.oneof(
  fc
    .constantFrom<Target>(
      toSystem('backup'),
      toSystem('two'),
      { by: 'capability', capability: 'book' },
      toType,
    )
    .map((target) => ({ kind: 'target', target }) as const),
  fc.constant({ kind: 'same_type' } as const),
  fc.constant({ kind: 'last_good' } as const),
  fc.constant({
    kind: 'static_reply',
    reply: { status: '200', contentType: '', dataBase64: '' },
  } as const),
);
const settings: fc.Arbitrary<Policy> = fc
  .record({
    attempts: fc.integer({ min: 1, max: 5 }),
    repeatScope: fc.constantFrom('SYSTEM' as const, 'TYPE' as const),
    fallback: fc.array(step, { maxLength: 4 }),
    hedges: fc.integer({ min: 0, max: 3 }),
    maxCalls: fc.constantFrom(0, 1),
    ttlMs: fc.constantFrom(0, 1000),
  })
  .map(({ attempts, repeatScope, fallback, hedges, maxCalls, ttlMs }) =>
    policy({
      retry: { attempts },
      repeatScope,
      fallback,
      hedge: { attempts: hedges, delayMs: 20 },
      limits: { concurrency: { maxCalls, queue: 2 } },
      replyCache: { ttlMs },
    }),
  );

/** Attempts of one message that may have acted, by system, in the order in which they began. */
interface Acted {
  readonly system: string;
  readonly startMs: number;
  endMs: number;
}

test('whatever targets do and policies say, a message acts no more often than its repeat safety allows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(behaviour, { minLength: 1, maxLength: 12 }),
      settings,
      fc.constantFrom<RepeatSafety>('UNSAFE', 'UNSAFE', 'KEYED', 'IDEMPOTENT', 'SAFE'),
      fc.constantFrom<Target>(toType, toSystem('one'), toSystem('gone')),
      fc.constantFrom(300, 5000, 60_000),
      async (script, chosen, repeatSafety, target, timeoutMs) => {
        const fleet = createFleet(
          { one: {}, two: {}, three: { status: 'UNHEALTHY' }, backup: { type: 'archive' } },
          [chosen],
        );
        const acted: Acted[] = [];
        let next = 0;
        for (const system of ['one', 'two', 'three', 'backup']) {
          fleet.behaviours.set(system, async ({ attemptDeadlineMs, signal }) => {
            const { result, takesMs } = script[next++ % script.length] ?? { result: ok, takesMs: 0 };
            const mayAct = result.verdict === 'OK' || result.verdict === 'MAY_HAVE_ACTED';
            const attempt: Acted = { system, startMs: fleet.clock.now(), endMs: Infinity };
            const givenMs = attemptDeadlineMs - fleet.clock.now();
            if (mayAct || takesMs > givenMs) acted.push(attempt);
            try {
              if (takesMs > 0) await fleet.clock.sleep(Math.min(takesMs, givenMs), signal);
            } catch {
              return { ...timedOut, reason: 'cancelled' };
            } finally {
              attempt.endMs = fleet.clock.now();
            }
            return takesMs > givenMs ? timedOut : result;
          });
        }
        const startMs = fleet.clock.now();
        const { delivered, error } = await send(fleet, messageTo(target, fleet.clock), {
          repeatSafety,
          timeoutMs,
        });
        await fleet.clock.advance(200_000);

        // One outcome, with a reason.
        const delivery = fleet.log.get('m-1');
        expect(delivered === undefined).toBe(error !== undefined);
        expect(delivery.state).toBe(delivered === undefined ? delivery.state : 'DELIVERED');
        if (error !== undefined)
          expect(delivery).toMatchObject({ reason: error.reason, latencyMs: expect.any(Number) as number });
        expect(delivery.attempts.map(({ number }) => number)).toEqual(
          fleet.sent.map((_, index) => index + 1),
        );
        // No attempt starts at or after the deadline, or is given more than is left of it.
        for (const { atMs, deadlineMs, timeoutMs: givenMs } of fleet.sent) {
          expect(atMs).toBeLessThan(startMs + timeoutMs);
          expect(deadlineMs).toBeLessThanOrEqual(startMs + timeoutMs);
          expect(atMs + givenMs).toBeLessThanOrEqual(startMs + timeoutMs);
        }
        const last = acted.at(-1);
        if (repeatSafety === 'UNSAFE') expect(acted.length).toBeLessThanOrEqual(1);
        else if (repeatSafety !== 'SAFE') {
          if (chosen.repeatScope === 'SYSTEM')
            expect(new Set(acted.map(({ system }) => system)).size).toBeLessThanOrEqual(1);
        }
        // Nobody else answers for a message of which it is not known what it did, unless the policy says that they share it.
        if (repeatSafety !== 'SAFE' && chosen.repeatScope === 'SYSTEM' && delivery.fallbackUsed !== '') {
          expect(acted.every(({ system }) => system === delivery.systemId)).toBe(true);
        }
        if (error !== undefined && acted.length > 0 && repeatSafety === 'UNSAFE') {
          expect([last?.system, error.executed]).toEqual([
            last?.system,
            error.reason === 'BAD_REPLY' ? 'yes' : 'unknown',
          ]);
        }
        // All that was taken is back.
        for (const endpoint of fleet.breakers.list()) expect(fleet.loads.inFlight(endpoint)).toBe(0);
        for (const system of ['one', 'two', 'three', 'backup']) {
          for (const state of fleet.core.limits.states(system))
            expect(state).toMatchObject({ current: 0, waiting: 0 });
        }
        for (const asked of [target, toType, toSystem('one'), toSystem('two'), toSystem('backup')]) {
          expect(fleet.budgetOf(asked)).toMatchObject({ callsInFlight: 0, retriesInFlight: 0 });
        }
      },
    ),
    { numRuns: 400 },
  );
}, 60_000);
