import { describe, expect, it } from 'vitest';
import type { Policy } from '../resilience/policy.ts';
import { broken, busy, endpointOf, ok, refused, toSystem } from './fleet.fixture.ts';
import { simulatedDeliveriesMax, simulatePolicy } from './policy-simulation.ts';
import { type Answer, recordTraffic } from './traffic.fixture.ts';

const everything = {
  messageTypes: [],
  kinds: [],
  sources: [],
  systemIds: [],
  types: [],
  capabilities: [],
};
const propose = (rest: Partial<Policy>): Policy => ({ name: 'proposed', match: everything, ...rest });

const noBreaker = { consecutiveFailures: 0, failureRate: 0 };

type Question = Parameters<Parameters<typeof recordTraffic>[0]['answer']>[0];
const steady = ({ random }: Question): Answer => ({ result: ok, latencyMs: 20 + 30 * random.next() });
/** Fails one time in five. */
const flaky = (question: Question): Answer =>
  question.random.next() < 0.2 ? { result: broken, latencyMs: 5 } : steady(question);

describe('simulatePolicy', () => {
  it('repeats what was recorded where nothing is left to chance', async () => {
    const recorded = await recordTraffic({ systems: ['a'], count: 300, everyMs: 50, answer: steady });
    const simulation = await simulatePolicy({ ...recorded, proposed: propose({ timeoutMs: 30_000 }) });
    expect(simulation).toMatchObject({ deliveries: 300, matched: 300 });
    expect(simulation.recorded).toMatchObject({ delivered: 300, attempts: 300, failed: 0 });
    expect(simulation.current).toEqual(simulation.recorded);
    expect(simulation.proposed).toEqual(simulation.recorded);
  });

  it('comes close to what was recorded for a fleet whose balancing draws anew', async () => {
    const recorded = await recordTraffic({
      systems: ['a', 'b', 'c'],
      policies: [propose({ name: 'no_breaker', breaker: noBreaker })],
      count: 2000,
      everyMs: 40,
      answer: flaky,
    });
    const { recorded: was, current } = await simulatePolicy({ ...recorded, proposed: propose({}) });
    expect(was.retries).toBeGreaterThan(300);
    expect(current.delivered / was.delivered).toBeCloseTo(1, 1);
    expect(Math.abs(current.retries - was.retries)).toBeLessThan(0.15 * was.retries);
    expect(Math.abs(current.latencyMs.p50 - was.latencyMs.p50)).toBeLessThan(10);
  });

  it('shows that fewer attempts make fewer retries and more failures', async () => {
    const recorded = await recordTraffic({
      systems: ['a'],
      policies: [propose({ name: 'no_breaker', breaker: noBreaker })],
      count: 1000,
      everyMs: 100,
      answer: flaky,
    });
    const { current, proposed } = await simulatePolicy({
      ...recorded,
      proposed: propose({ retry: { attempts: 1 } }),
    });
    expect(current.retries).toBeGreaterThan(150);
    expect(proposed.retries).toBe(0);
    expect(proposed.failed).toBeGreaterThan(current.failed);
    expect(proposed.reasons).toEqual({ TARGET_FAILED: proposed.failed });
    expect(proposed.unknown).toBe(proposed.failed);
  });

  it('shows a breaker that opens earlier', async () => {
    // Down for three seconds out of ten, in stretches that are too short for the breaker of today.
    const recorded = await recordTraffic({
      systems: ['a'],
      policies: [{ name: 'late', match: everything, breaker: { consecutiveFailures: 1000, failureRate: 0 } }],
      count: 600,
      everyMs: 100,
      answer: (question) =>
        question.afterMs % 10_000 < 3000 ? { result: refused, latencyMs: 1 } : steady(question),
    });
    const {
      recorded: was,
      current,
      proposed,
    } = await simulatePolicy({
      ...recorded,
      proposed: propose({
        name: 'late',
        breaker: { consecutiveFailures: 5, failureRate: 0, openForMs: 1000 },
      }),
    });
    expect([was.breakerOpens, current.breakerOpens]).toEqual([0, 0]);
    expect(proposed.breakerOpens).toBeGreaterThanOrEqual(6);
    expect(proposed.reasons['BREAKER_OPEN']).toBeGreaterThan(50);
    expect(proposed.attempts).toBeLessThan(current.attempts);
  });

  it('shows what a rate limit refuses', async () => {
    const recorded = await recordTraffic({ systems: ['a'], count: 500, everyMs: 50, answer: steady });
    const { current, proposed } = await simulatePolicy({
      ...recorded,
      proposed: propose({ limits: { targetRate: { perSecond: 10, burst: 10 } } }),
    });
    expect(current.refusals).toBe(0);
    // Twenty a second come, ten a second go.
    expect(proposed.refusals).toBeGreaterThan(200);
    expect(proposed.delivered).toBeGreaterThan(200);
    expect(proposed.delivered).toBeLessThan(300);
  });

  it('keeps a wait that a target asked for', async () => {
    const recorded = await recordTraffic({
      systems: ['a'],
      count: 20,
      everyMs: 5000,
      answer: ({ afterMs }) =>
        afterMs % 5000 === 0
          ? { result: { ...busy, retryAfterMs: 2000 }, latencyMs: 1 }
          : { result: ok, latencyMs: 1 },
    });
    const { current } = await simulatePolicy({ ...recorded, proposed: propose({}) });
    expect(current).toMatchObject({ delivered: 20, retries: 20 });
    expect(current.latencyMs.p50).toBeGreaterThan(2000);
  });

  it('cuts answers off that a shorter attempt timeout does not wait for', async () => {
    const recorded = await recordTraffic({
      systems: ['a'],
      count: 100,
      everyMs: 1000,
      answer: () => ({ result: ok, latencyMs: 400 }),
    });
    const { current, proposed } = await simulatePolicy({
      ...recorded,
      proposed: propose({ attemptTimeoutMs: 300, retry: { attempts: 1 }, breaker: noBreaker }),
    });
    expect(current.delivered).toBe(100);
    expect(proposed.reasons).toEqual({ TARGET_TIMEOUT: 100 });
    expect(proposed.latencyMs.p99).toBe(300);
  });

  it('shares replies to equal questions when the policy has a cache', async () => {
    const recorded = await recordTraffic({ systems: ['a'], count: 100, everyMs: 100, answer: steady });
    const { current, proposed, assumptions } = await simulatePolicy({
      ...recorded,
      proposed: propose({ replyCache: { ttlMs: 1000 } }),
    });
    expect(current.cached).toBe(0);
    expect(proposed.cached).toBeGreaterThan(80);
    expect(assumptions.join(' ')).toContain('The reply cache goes by');
  });

  it('gives equal results for equal seeds, and says nothing else for others than what chance moves', async () => {
    const recorded = await recordTraffic({ systems: ['a', 'b'], count: 400, everyMs: 30, answer: flaky });
    const run = (seed: number) =>
      simulatePolicy({ ...recorded, seed, proposed: propose({ retry: { attempts: 5 } }) });
    const [one, again, other] = [await run(7), await run(7), await run(8)];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    expect(other.recorded).toEqual(one.recorded);
  });

  it('takes systems that are gone as the traces show them, and says so', async () => {
    const recorded = await recordTraffic({ systems: ['a', 'b'], count: 100, everyMs: 50, answer: steady });
    const { find } = recorded.directory;
    const simulation = await simulatePolicy({
      ...recorded,
      directory: {
        ...recorded.directory,
        find: (target) => find(target).filter(({ systemId }) => systemId !== 'b'),
      },
      proposed: propose({}),
    });
    expect(simulation.current.delivered).toBe(100);
    expect(simulation.assumptions.join(' ')).toContain('1 system that is not registered any more');
  });

  it('leaves out deliveries to systems of which nothing is known', async () => {
    const recorded = await recordTraffic({
      systems: ['a'],
      count: 30,
      everyMs: 10,
      target: toSystem('a'),
      answer: () => ({ result: ok, latencyMs: 1 }),
    });
    const [first, ...rest] = recorded.deliveries;
    const refusedAll = { ...first!, attempts: [], state: 'FAILED' as const, reason: 'BREAKER_OPEN' };
    const unknown = { ...refusedAll, subject: { ...first!.subject, target: toSystem('dark') } };
    const simulation = await simulatePolicy({
      ...recorded,
      deliveries: [unknown, ...rest],
      directory: {
        ...recorded.directory,
        find: (target) => {
          const [a] = recorded.directory.find(toSystem('a'));
          const dark = { ...a!, systemId: 'dark', type: 'other', endpoints: [endpointOf('dark')] };
          const isDark =
            target.by === 'system'
              ? target.systemId === 'dark'
              : target.by === 'type' && target.type === 'other';
          return isDark ? [dark] : recorded.directory.find(target);
        },
      },
      proposed: propose({}),
    });
    expect(simulation.deliveries).toBe(29);
    expect(simulation.assumptions.join(' ')).toContain('1 delivery was left out');
  });

  it('takes the newest deliveries of too many, and says so', async () => {
    const recorded = await recordTraffic({ systems: ['a'], count: 1, everyMs: 1, answer: steady });
    const [one] = recorded.deliveries;
    const deliveries = Array.from({ length: simulatedDeliveriesMax + 1 }, (_, index) => ({
      ...one!,
      acceptTimeMs: one!.acceptTimeMs + index,
    }));
    const simulation = await simulatePolicy({ ...recorded, deliveries, proposed: propose({}) });
    expect(simulation).toMatchObject({ deliveries: 10_000, startTimeMs: one!.acceptTimeMs + 1 });
    expect(simulation.assumptions.join(' ')).toContain('Only the newest 10000 deliveries');
  });

  it('ends with the reason of its signal', async () => {
    const recorded = await recordTraffic({ systems: ['a'], count: 100, everyMs: 50, answer: steady });
    const gone = new Error('gone');
    await expect(
      simulatePolicy({ ...recorded, signal: AbortSignal.abort(gone), proposed: propose({}) }),
    ).rejects.toBe(gone);
  });

  it('answers with nothing about nothing', async () => {
    const recorded = await recordTraffic({ systems: ['a'], count: 1, everyMs: 1, answer: steady });
    const simulation = await simulatePolicy({ ...recorded, deliveries: [], proposed: propose({}) });
    expect(simulation).toMatchObject({ deliveries: 0, matched: 0, startTimeMs: undefined });
    expect(simulation.proposed.latencyMs).toEqual({ p50: 0, p95: 0, p99: 0 });
  });
});
