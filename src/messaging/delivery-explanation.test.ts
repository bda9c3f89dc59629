import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HealthStatus } from '../base/health-status.ts';
import type { FallbackStep, Policy, PolicyParts } from '../resilience/policy.ts';
import { explainDelivery } from './delivery-explanation.ts';
import { createFleet, messageTo, ok, options, refused, send, toSystem, toType } from './fleet.fixture.ts';

const everything = { messageTypes: [], kinds: [], sources: [], systemIds: [], types: [], capabilities: [] };
const policy = (parts: PolicyParts): Policy => ({ name: 'p', match: everything, ...parts });
const query = { kind: 'QUERY' } as const;

function explain(
  fleet: ReturnType<typeof createFleet>,
  message = messageTo(toType, fleet.clock, query),
  rest: Parameters<typeof options>[0] = {},
) {
  const { router, directory, breakers, loads, limits, replies } = fleet.core;
  const ports = { router, directory, breakers, loads, limits, replies, clock: fleet.clock };
  return explainDelivery(ports, message, options(rest));
}

describe('candidates', () => {
  test('say why they are out, and take no turn', async () => {
    const fleet = createFleet({ a: {}, b: {}, c: { status: 'UNHEALTHY' } }, [
      policy({ balance: 'ROUND_ROBIN' }),
    ]);
    await fleet.breakers.trip({ systemId: 'b', interface: 'rest' }, { cause: 'by hand', forMs: 10_000 });
    const reasons = (): string[] => explain(fleet).candidates.map(({ reason }) => reason);
    expect(reasons()).toEqual([
      'tried first: HEALTHY, 0 in flight',
      'breaker FORCED_OPEN: by hand; lets calls through in 10 s',
      'UNHEALTHY: tried only when nothing better is left',
    ]);
    expect(reasons()).toEqual(reasons());
    expect(fleet.sent).toEqual([]);
  });

  test('name the breaker that the message meets, where each message type has its own', async () => {
    const fleet = createFleet({ a: {} }, [
      policy({ breaker: { scope: 'MESSAGE_TYPE', consecutiveFailures: 1 } }),
    ]);
    fleet.behaviours.set('a', () => refused);
    await send(fleet, messageTo(toType, fleet.clock, query));
    expect(explain(fleet).candidates[0]?.breaker).toBe('OPEN');
    const other = explain(fleet, messageTo(toType, fleet.clock, { ...query, type: 'other' }));
    expect(other.candidates[0]?.breaker).toBe('CLOSED');
  });

  test('tell zone and slow start', () => {
    const fleet = createFleet(
      { near: { zone: 'z' }, far: { zone: 'y' }, shop: { zone: 'z', type: 'shop' } },
      [policy({ balanceOptions: { zoneFirst: true, slowStartMs: 60_000 } })],
    );
    fleet.core.returned('near');
    const reasons = explain(
      fleet,
      messageTo(toType, fleet.clock, { ...query, source: 'shop' }),
    ).candidates.map(({ reason }) => reason);
    expect(reasons[0]).toMatch(
      /^tried first: HEALTHY, 0 in flight, in zone z, which goes first, slow start, \d+ % of its weight$/,
    );
    expect(reasons[1]).toBe('choice 2: HEALTHY, 0 in flight, not in zone z');
  });

  test('that are ejected say until when', async () => {
    const fleet = createFleet({ a: {}, b: {}, c: {}, d: {} }, [
      policy({
        ejection: { consecutiveFailures: 1, baseTimeMs: 5000, maxShare: 0.5 },
        breaker: { consecutiveFailures: 0 },
      }),
    ]);
    fleet.behaviours.set('a', () => refused);
    for (let call = 0; call < 20; call += 1) {
      await send(fleet, messageTo(toType, fleet.clock, { ...query, id: `m-${call}` }));
    }
    const out = explain(fleet).candidates.find(({ candidate }) => candidate.systemId === 'a');
    expect(out).toMatchObject({
      usable: false,
      reason: expect.stringMatching(
        /^ejected: does worse than the others of its type; back in \d s$/,
      ) as unknown,
    });
  });
});

describe('hedging', () => {
  test.each([
    ['is what the policy says', { attempts: 1, delayMs: 80 }, query, 80],
    ['is unknown before there were calls to go by', { attempts: 1 }, query, undefined],
    ['is for reads and what may be repeated', { attempts: 1, delayMs: 80 }, {}, undefined],
    ['needs a second attempt', { attempts: 1, delayMs: 80 }, { ...query, maxAttempts: 1 }, undefined],
  ])('%s', (_, hedge, parts, expected) => {
    const fleet = createFleet({ a: {} }, [policy({ hedge })]);
    expect(explain(fleet, messageTo(toType, fleet.clock, parts)).hedgeDelayMs).toBe(expected);
  });

  test('goes by the 95th percentile once it is known', async () => {
    const fleet = createFleet({ a: {} }, [policy({ hedge: { attempts: 1 } })]);
    fleet.behaviours.set('a', async () => {
      await fleet.clock.sleep(100);
      return ok;
    });
    for (let call = 0; call < 20; call += 1) {
      await send(fleet, messageTo(toType, fleet.clock, { ...query, id: `m-${call}` }));
    }
    expect(explain(fleet).hedgeDelayMs).toBeCloseTo(100, -1.3);
  });
});

describe('limits', () => {
  const limits = { callerRate: { perSecond: 1, burst: 1 }, concurrency: { maxCalls: 2 } };

  test("are the caller's and those of each system that would be asked", () => {
    const fleet = createFleet({ a: {}, b: { status: 'FAILED' } }, [policy({ limits })]);
    expect(explain(fleet).limits).toMatchObject([
      { limit: 'limits.caller_rate', subject: 'anonymous', policy: 'p', maximum: 1, refuses: false },
      { limit: 'limits.concurrency', subject: 'a', policy: 'p', maximum: 2, current: 0, refuses: false },
    ]);
  });

  test('that refuse are what it would fail with, whatever else would answer', async () => {
    const fleet = createFleet({ a: {} }, [
      policy({
        limits,
        fallback: [{ kind: 'static_reply', reply: { status: '200', contentType: '', dataBase64: '' } }],
      }),
    ]);
    await send(fleet, messageTo(toType, fleet.clock, query));
    expect(explain(fleet)).toMatchObject({ failure: 'RATE_LIMITED', limits: [{ refuses: true }, {}] });
    const { error } = await send(fleet, messageTo(toType, fleet.clock, { ...query, id: 'm-2' }));
    expect(error?.reason).toBe('RATE_LIMITED');
  });
});

describe('the reply cache', () => {
  test('is told only where it is in use for the message', async () => {
    const fleet = createFleet({ a: {} }, [policy({ replyCache: { ttlMs: 60_000 } })]);
    expect(explain(fleet, messageTo(toType, fleet.clock)).replyCache).toBe('');
    expect(explain(fleet).replyCache).toMatch(/^has no reply/);
    await send(fleet, messageTo(toType, fleet.clock, query));
    fleet.statuses.set('a', 'FAILED');
    expect(explain(fleet)).toMatchObject({
      replyCache: expect.stringMatching(/^would answer/) as unknown,
      failure: undefined,
      candidates: [{ usable: false }],
    });
    const again = await send(fleet, messageTo(toType, fleet.clock, { ...query, id: 'm-2' }));
    expect(again.delivered?.delivery.cached).toBe(true);
  });
});

/*
 * The explanation and the delivery must agree. Whoever is addressed refuses; whoever stands in for it answers, or refuses
 * too. Systems, health, policies and fallbacks are drawn.
 */
describe('what an explanation says', () => {
  const steps: fc.Arbitrary<FallbackStep> = fc.oneof(
    fc.record({
      kind: fc.constant('target' as const),
      target: fc.constantFrom(
        { by: 'type', type: 'backup' } as const,
        { by: 'type', type: 'nothing' } as const,
        toSystem('ledger-2'),
      ),
      attempts: fc.integer({ min: 1, max: 3 }),
    }),
    fc.constant({ kind: 'same_type' } as const),
    fc.constant({ kind: 'last_good' } as const),
    fc.constant({ kind: 'static_reply', reply: { status: '200', contentType: '', dataBase64: '' } } as const),
  );
  const status = fc.constantFrom<HealthStatus>('HEALTHY', 'HEALTHY', 'DEGRADED', 'UNHEALTHY', 'FAILED');

  test('is what the delivery does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          statuses: fc.array(status, { minLength: 5, maxLength: 5 }),
          fallback: fc.uniqueArray(steps, { maxLength: 4, selector: (step) => JSON.stringify(step) }),
          attempts: fc.integer({ min: 1, max: 4 }),
          addressed: fc.constantFrom(toType, toSystem('ledger-1'), toSystem('nobody')),
          kind: fc.constantFrom('QUERY' as const, 'COMMAND' as const),
          panic: fc.boolean(),
          answersBackup: fc.boolean(),
        }),
        async ({ statuses, fallback, attempts, addressed, kind, panic, answersBackup }) => {
          const ids = ['ledger-1', 'ledger-2', 'ledger-3', 'backup-1', 'backup-2'];
          const fleet = createFleet(
            Object.fromEntries(
              ids.map((id, at) => [id, { type: id.slice(0, -2), status: statuses[at] ?? 'HEALTHY' }]),
            ),
            [policy({ fallback, retry: { attempts, initialDelayMs: 0 }, balance: 'ROUND_ROBIN', panic })],
          );
          for (const id of ids) {
            fleet.behaviours.set(id, () => (answersBackup && id.startsWith('backup') ? ok : refused));
          }
          const message = messageTo(addressed, fleet.clock, { kind });
          const explained = explain(fleet, message);
          const { delivered, error } = await send(fleet, message);
          const usable = (of: typeof explained.candidates): string[] =>
            of.filter((one) => one.usable).map(({ candidate }) => candidate.systemId);
          const used = delivered?.delivery.fallbackUsed;
          const expected = usable(explained.candidates).slice(0, attempts);
          for (const [at, step] of explained.fallbacks.entries()) {
            const next = usable(step.candidates);
            const named = fallback[at];
            const asksSomebody = named?.kind === 'target' || named?.kind === 'same_type';
            expect(step.usable && asksSomebody).toBe(next.length > 0);
            expected.push(...next.slice(0, step.name === used ? 1 : (named?.attempts ?? 2)));
            if (step.name === used) break;
          }
          expect([...new Set(fleet.sent.map(({ system }) => system))]).toEqual(expected);
          if (explained.failure !== undefined) expect(error?.reason).toBe(explained.failure);
          if (delivered !== undefined) {
            const step = explained.fallbacks.find(({ name }) => name === used);
            expect(step?.usable).toBe(true);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
