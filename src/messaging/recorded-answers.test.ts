import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { Attempt, Delivery } from './delivery.ts';
import { endpointOf, messageTo, toSystem } from './fleet.fixture.ts';
import { AnswersReplay, RecordedAnswers } from './recorded-answers.ts';

const startMs = Date.UTC(2026, 0, 1);

/** A delivery that was accepted at `atMs` and made these attempts there. */
function delivery(id: string, atMs: number, ...attempts: Partial<Attempt>[]): Delivery {
  return {
    id,
    messageId: id,
    acceptTimeMs: startMs + atMs,
    attempts: attempts.map((attempt, index) => ({
      number: index + 1,
      systemId: 'a',
      interface: 'rest',
      startTimeMs: startMs + atMs,
      latencyMs: 5,
      verdict: 'OK',
      status: '200',
      reason: 'ok',
      detail: '',
      backoffMs: undefined,
      retryAfterMs: undefined,
      hedge: false,
      queueTimeMs: 0,
      fallback: '',
      ...attempt,
    })),
  } as unknown as Delivery;
}

const failed = { verdict: 'MAY_HAVE_ACTED', reason: 'target_error', status: '503' } as const;

/** Asks `a` on behalf of a delivery and gives the result and how long it took. */
function world(deliveries: Delivery[], types: Record<string, string> = { a: 'ledger' }) {
  const clock = createFakeClock(startMs);
  const answers = new RecordedAnswers(deliveries, (systemId) => types[systemId]);
  const replay = new AnswersReplay({ answers, clock, random: seededRandom(1) });
  const ask = async (
    id: string,
    options: { givenMs?: number; system?: string; signal?: AbortSignal } = {},
  ) => {
    const { givenMs = 1000, system = 'a', signal = new AbortController().signal } = options;
    const beganMs = clock.now();
    let tookMs = -1;
    const answer = replay
      .send(endpointOf(system), messageTo(toSystem(system), clock, { id }), {
        attempt: 1,
        attemptDeadlineMs: beganMs + givenMs,
        deadlineMs: Infinity,
        signal,
      })
      .then((result) => {
        tookMs = clock.now() - beganMs;
        return result;
      });
    while (tookMs < 0) await clock.advance(1);
    return { ...(await answer), tookMs };
  };
  return { clock, answers, replay, ask };
}

describe('RecordedAnswers', () => {
  it('keeps out what says nothing about the target', () => {
    const { answers } = world([
      delivery('m-1', 0, { reason: 'cancelled' }, { reason: 'breaker_open' }, { reason: 'hub_rate_limited' }),
    ]);
    expect(answers.knows(endpointOf('a'))).toBe(false);
  });

  it('takes those of its type for a system without an attempt, and knows the difference', () => {
    const { answers } = world([delivery('m-1', 0, {})], { a: 'ledger', b: 'ledger', c: 'other' });
    expect(['a', 'b', 'c'].map((id) => answers.knows(endpointOf(id)))).toEqual([true, true, false]);
    expect(['a', 'b'].map((id) => answers.saw(endpointOf(id)))).toEqual([true, false]);
  });
});

describe('AnswersReplay', () => {
  it('gives a delivery its own answers in their order, wherever the clock stands', async () => {
    const { ask, clock } = world([
      delivery('m-0', 0, {}),
      delivery('m-1', 100, { ...failed, latencyMs: 7 }, { latencyMs: 9, startTimeMs: startMs + 300 }),
      delivery('m-2', 5000, {}),
    ]);
    await clock.advance(5000);
    expect(await ask('m-1')).toMatchObject({ reason: 'target_error', status: '503', tookMs: 7 });
    expect(await ask('m-1')).toMatchObject({ reason: 'ok', reply: { status: '200' }, tookMs: 9 });
  });

  it('draws further answers from those nearest in time, and gives none twice', async () => {
    const near = [92, 94, 96, 98, 100, 102, 104, 106].map((atMs) => delivery(`m-${atMs}`, atMs, failed));
    const far = [0, 10, 500, 600].map((atMs) => delivery(`m-${atMs}`, atMs, {}));
    const { ask, clock } = world([...near, ...far]);
    await clock.advance(99);
    const reasons = [];
    for (let attempt = 0; attempt < 12; attempt += 1) reasons.push((await ask('new')).reason);
    expect(reasons[0]).toBe('target_error');
    expect(reasons.filter((reason) => reason === 'ok').length).toBe(4);
  });

  it('gives each answer as often as any other near it, so that failures make no longer runs than they did', async () => {
    // Every fourth fails.
    const { ask, clock } = world(
      Array.from({ length: 400 }, (_, index) =>
        delivery(`m-${index}`, index * 10, index % 4 === 0 ? failed : {}),
      ),
    );
    let run = 0;
    let longest = 0;
    let failures = 0;
    for (let asked = 0; asked < 400; asked += 1) {
      const isFailed = (await ask(`new-${asked}`)).reason === 'target_error';
      failures += Number(isFailed);
      run = isFailed ? run + 1 : 0;
      longest = Math.max(longest, run);
      await clock.advance(5);
    }
    expect(failures).toBeGreaterThan(90);
    expect(failures).toBeLessThan(110);
    expect(longest).toBeLessThan(5);
  });

  it('gives used answers again when there are no others', async () => {
    const { ask } = world([delivery('m-1', 0, failed)]);
    await ask('new');
    expect((await ask('new')).reason).toBe('target_error');
  });

  it.each<[string, Partial<Attempt>, number, object]>([
    ['comes too late for a shorter time', { latencyMs: 400 }, 300, { reason: 'timeout', tookMs: 300 }],
    ['comes in a longer time', { latencyMs: 400 }, 900, { reason: 'ok', tookMs: 400 }],
    [
      'that never came does not come in a longer time',
      { verdict: 'MAY_HAVE_ACTED', reason: 'timeout', latencyMs: 400 },
      900,
      { verdict: 'MAY_HAVE_ACTED', reason: 'timeout', tookMs: 900 },
    ],
    [
      'to a connection that was not made stays what it was',
      { verdict: 'NOT_REACHED', reason: 'connect_timeout', latencyMs: 400 },
      300,
      { verdict: 'NOT_REACHED', reason: 'connect_timeout', tookMs: 300 },
    ],
    [
      'keeps the wait that it asked for',
      { verdict: 'NOT_EXECUTED', reason: 'rate_limited', retryAfterMs: 2000 },
      300,
      { reason: 'rate_limited', retryAfterMs: 2000 },
    ],
  ])('an answer %s', async (_, attempt, givenMs, expected) => {
    const { ask } = world([delivery('m-1', 0, attempt)]);
    expect(await ask('m-1', { givenMs })).toMatchObject(expected);
  });

  it('ends with its caller, who does not know what the target did', async () => {
    const { ask, clock } = world([delivery('m-1', 0, { latencyMs: 400 })]);
    const caller = new AbortController();
    clock.after(100, () => caller.abort());
    expect(await ask('m-1', { signal: caller.signal })).toMatchObject({
      verdict: 'MAY_HAVE_ACTED',
      reason: 'cancelled',
      tookMs: 100,
    });
  });

  it('draws anew for a delivery that comes again after it ended', async () => {
    const { ask, replay } = world([delivery('m-1', 0, { ...failed, latencyMs: 7 }), delivery('m-2', 0, {})]);
    await ask('m-1');
    replay.ended('m-1');
    expect(await ask('m-1')).toMatchObject({ reason: 'target_error', tookMs: 7 });
  });
});
