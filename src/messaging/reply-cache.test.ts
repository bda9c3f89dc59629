import { describe, expect, test } from 'vitest';
import { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { delivered, minute, patient, question, reply, textOf } from './reply-cache.fixture.ts';
import type { Delivered } from './delivery.ts';
import { ReplyCache, replyBytesMaxDefault, type ServedReply, usesReplyCache } from './reply-cache.ts';

const ask = question();

function setUp(bytesMax = replyBytesMaxDefault) {
  const clock = createFakeClock();
  const cache = new ReplyCache({ clock, bytesMax });
  let asked = 0;
  /** A target that counts how often it is asked, and says so. */
  const target = async (): Promise<Delivered> => {
    asked += 1;
    return delivered(reply(`answer ${asked}`));
  };
  const serve = (parts = ask, config = minute): Promise<ServedReply> =>
    cache.serve(parts, config, patient(), target);
  /** What a call gets, and how old it is: `answer 1`, `answer 1, 5000 ms old`. */
  const get = async (parts = ask, config = minute): Promise<string> => {
    const served = await serve(parts, config);
    return textOf(served.reply) + (served.ageMs === undefined ? '' : `, ${served.ageMs} ms old`);
  };
  return { clock, cache, serve, get };
}

/** A delivery that ends when the test says so. */
function pending() {
  const { promise, resolve, reject } = Promise.withResolvers<Delivered>();
  return { deliver: () => promise, resolve, reject };
}

const never = (): Promise<Delivered> => Promise.reject(new Error('the target was asked'));
const down = new HubError({ reason: 'CONNECT_FAILED', message: 'nobody is there' });

describe('a reply', () => {
  test('is given again until its time is over', async () => {
    const { clock, get } = setUp();
    expect(await get()).toBe('answer 1');
    await clock.advance(59_999);
    expect(await get()).toBe('answer 1, 59999 ms old');
    await clock.advance(1);
    expect(await get()).toBe('answer 2');
  });

  test('is given for no longer than the policy allows now', async () => {
    const { clock, get } = setUp();
    await get();
    await clock.advance(10_000);
    expect(await get(ask, { ...minute, ttlMs: 10_000 })).toBe('answer 2');
    expect(await get()).toBe('answer 2, 0 ms old');
  });

  test('is for its own caller, unless callers share', async () => {
    const { get } = setUp();
    const bob = question({ sender: 'bob' });
    const shared = { ...minute, shared: true };
    expect([await get(), await get(bob)]).toEqual(['answer 1', 'answer 2']);
    expect([await get(ask, shared), await get(bob, shared)]).toEqual(['answer 3', 'answer 3, 0 ms old']);
  });

  test('says which delivery was its own', async () => {
    const { serve } = setUp();
    expect((await serve()).own?.delivery.id).toBe('d1');
    expect((await serve()).own).toBeUndefined();
  });

  test.each<[string, Delivered]>([
    ['says no-store', delivered(reply('x', { 'cache-control': 'no-store' }))],
    ['comes from a fallback', delivered(reply('x'), { fallbackUsed: 'static_reply' })],
    ['is a refusal that the caller wanted to see', delivered(reply('x'), { attempts: [] })],
  ])('is not kept when it %s', async (_, given) => {
    const { cache, get } = setUp();
    await cache.serve(ask, minute, patient(), () => Promise.resolve(given));
    expect(cache.size).toBe(0);
    expect(await get()).toBe('answer 1');
  });

  test('that must not be kept makes the one before it forgotten', async () => {
    const { cache, clock } = setUp();
    await cache.serve(ask, minute, patient(), async () => delivered(reply('old')));
    await clock.advance(60_000);
    await cache.serve(ask, minute, patient(), async () =>
      delivered(reply('new', { 'cache-control': 'no-store' })),
    );
    expect(cache.lastGood(ask, minute, Infinity)).toBeUndefined();
  });

  test('is not what an error is: the next call asks again', async () => {
    const { cache, get } = setUp();
    await expect(cache.serve(ask, minute, patient(), () => Promise.reject(down))).rejects.toBe(down);
    expect(await get()).toBe('answer 1');
  });

  test('has no room when there is none, and is still shared by those who wait', async () => {
    const { cache, get, serve } = setUp(0);
    const [one, other] = await Promise.all([serve(), serve()]);
    expect([one.own === undefined, other.own === undefined]).toEqual([false, true]);
    expect(await get()).toBe('answer 2');
    cache.resize(replyBytesMaxDefault);
    await get();
    expect(await get()).toBe('answer 3, 0 ms old');
  });

  test('is only for reads', () => {
    expect(usesReplyCache(minute, 'SAFE')).toBe(true);
    expect(usesReplyCache(minute, 'IDEMPOTENT')).toBe(false);
    expect(usesReplyCache({ ...minute, ttlMs: 0 }, 'SAFE')).toBe(false);
  });
});

describe('the last good reply', () => {
  test('is there after the reply is no longer good, up to its age', async () => {
    const { cache, clock } = setUp();
    cache.rememberGood(ask, minute, reply('good'), cache.generation);
    await clock.advance(300_000);
    expect(cache.lastGood(ask, minute, 299_999)).toBeUndefined();
    const found = cache.lastGood(ask, minute, 300_000);
    expect([found && textOf(found.reply), found?.ageMs]).toEqual(['good', 300_000]);
  });

  test('is one that the cache keeps, too', async () => {
    const { cache, get } = setUp();
    await get();
    expect(cache.lastGood(ask, minute, 0)?.ageMs).toBe(0);
  });

  test('is not the cache: without a time to live the target is asked', async () => {
    const { cache, get } = setUp();
    const off = { ...minute, ttlMs: 0 };
    cache.rememberGood(ask, off, reply('good'), cache.generation);
    expect(await get(ask, off)).toBe('answer 1');
  });

  test.each(['no-store', 'must-revalidate'])('is none that says %s', (control) => {
    const { cache } = setUp();
    cache.rememberGood(ask, minute, reply('good', { 'cache-control': control }), cache.generation);
    expect(cache.lastGood(ask, minute, Infinity)).toBeUndefined();
  });

  test('is none that was asked for before an invalidation', () => {
    const { cache } = setUp();
    const { generation } = cache;
    cache.invalidate({ messageTypes: [], target: undefined, all: true });
    cache.rememberGood(ask, minute, reply('old'), generation);
    expect(cache.lastGood(ask, minute, Infinity)).toBeUndefined();
  });
});

describe('calls with the same question at the same time', () => {
  test('share one delivery, and say whose', async () => {
    const { cache } = setUp();
    const { deliver, resolve } = pending();
    const leader = cache.serve(ask, minute, patient(), deliver);
    const followers = [1, 2, 3].map(() => cache.serve(ask, minute, patient(), never));
    resolve(delivered(reply('x')));
    expect((await leader).ageMs).toBeUndefined();
    for (const { ageMs, own, shared } of await Promise.all(followers)) {
      expect([ageMs, own, shared?.id]).toEqual([0, undefined, 'd1']);
    }
  });

  test.each([
    ['private', { 'cache-control': 'private' }, { ...minute, shared: true }],
    ['no-store', { 'cache-control': 'no-store' }, { ...minute, shared: true }],
    ['a cookie', { 'set-cookie': 'session=7' }, { ...minute, shared: true }],
    ['by a header that is no part of the question', { vary: 'tenant' }, minute],
  ])('do not share a reply that is for one of them alone (%s)', async (_, headers, config) => {
    const { cache } = setUp();
    const { deliver, resolve } = pending();
    const leader = cache.serve(ask, config, patient(), deliver);
    const others = ['bob', 'carol'].map((name) =>
      cache.serve(question({ headers: { tenant: name } }), config, patient(), async () =>
        delivered(reply(`for ${name}`, headers)),
      ),
    );
    resolve(delivered(reply('for alice', headers)));
    const given = await Promise.all([leader, ...others]);
    expect(given.map((served) => textOf(served.reply))).toEqual(['for alice', 'for bob', 'for carol']);
    expect(given.every(({ own }) => own !== undefined)).toBe(true);
    expect(cache.size).toBe(0);
  });

  test('share a reply that is not to be kept when they are of one caller', async () => {
    const { cache } = setUp();
    const { deliver, resolve } = pending();
    const leader = cache.serve(ask, minute, patient(), deliver);
    const follower = cache.serve(ask, minute, patient(), never);
    resolve(delivered(reply('x', { 'cache-control': 'no-store' })));
    await leader;
    expect(textOf((await follower).reply)).toBe('x');
  });

  test('share a stale reply with its age', async () => {
    const { cache } = setUp();
    const { deliver, resolve } = pending();
    const leader = cache.serve(ask, minute, patient(), deliver);
    const follower = cache.serve(ask, minute, patient(), never);
    resolve(delivered(reply('x'), { fallbackUsed: 'last_good', stale: true, replyAgeMs: 4000 }));
    await leader;
    expect(await follower).toMatchObject({ ageMs: 4000, shared: { stale: true } });
  });

  test('share a failure; whoever comes after it asks anew', async () => {
    const { cache, get } = setUp();
    const { deliver, reject } = pending();
    const calls = [deliver, never, never].map((each) => cache.serve(ask, minute, patient(), each));
    reject(down);
    for (const ended of await Promise.allSettled(calls)) {
      expect(ended).toMatchObject({ status: 'rejected', reason: down });
    }
    expect(await get()).toBe('answer 1');
  });

  test('are not together when one would take a refusal as a reply', async () => {
    const { cache } = setUp();
    const { deliver, resolve } = pending();
    const strict = cache.serve(ask, minute, patient(), deliver);
    const lenient = await cache.serve(ask, minute, patient({ returnRejections: true }), async () =>
      delivered(reply('404'), { attempts: [] }),
    );
    expect(textOf(lenient.reply)).toBe('404');
    resolve(delivered(reply('x')));
    expect(textOf((await strict).reply)).toBe('x');
  });

  test('of which one goes away: the others do not notice', async () => {
    const { cache } = setUp();
    const { deliver, resolve } = pending();
    const leader = cache.serve(ask, minute, patient(), deliver);
    const gone = new AbortController();
    const follower = cache.serve(ask, minute, patient({ signal: gone.signal }), never);
    const other = cache.serve(ask, minute, patient(), never);
    gone.abort(new Error('gone'));
    await expect(follower).rejects.toThrow('gone');
    resolve(delivered(reply('x')));
    await leader;
    expect(textOf((await other).reply)).toBe('x');
  });

  test('of which one has no more time: it alone is told TARGET_TIMEOUT', async () => {
    const { cache, clock } = setUp();
    const { deliver, resolve } = pending();
    const leader = cache.serve(ask, minute, patient(), deliver);
    const hurried = cache.serve(ask, minute, patient({ deadlineMs: clock.now() + 100 }), never);
    const refused = expect(hurried).rejects.toMatchObject({ reason: 'TARGET_TIMEOUT', executed: 'unknown' });
    await clock.advance(100);
    await refused;
    resolve(delivered(reply('x')));
    await leader;
    expect(clock.pendingTimers).toBe(0);
  });

  test('of which the first goes away: the next one asks, and the others wait for it', async () => {
    const { cache } = setUp();
    const gone = new AbortController();
    const first = pending();
    const leader = cache.serve(ask, minute, patient({ signal: gone.signal }), first.deliver);
    const next = pending();
    const heir = cache.serve(ask, minute, patient(), next.deliver);
    const other = cache.serve(ask, minute, patient(), never);
    gone.abort();
    first.reject(new HubError({ reason: 'CANCELLED', message: 'the caller cancelled' }));
    await expect(leader).rejects.toMatchObject({ reason: 'CANCELLED' });
    next.resolve(delivered(reply('x')));
    expect((await heir).own).toBeDefined();
    expect((await other).own).toBeUndefined();
  });

  test.each<[string, HubError]>([
    ['had no time', new HubError({ reason: 'MESSAGE_EXPIRED', message: 'too late' })],
    [
      'had no time for another attempt',
      new HubError({ reason: 'CONNECT_FAILED', message: 'x', metadata: { stopped_by: 'deadline' } }),
    ],
  ])('of which the first %s: the next one asks', async (_, error) => {
    const { cache, get } = setUp();
    const { deliver, reject } = pending();
    const leader = cache.serve(ask, minute, patient(), deliver);
    const heir = get();
    reject(error);
    await expect(leader).rejects.toBe(error);
    expect(await heir).toBe('answer 1');
  });

  test('of which the first ranks lower: one that ranks higher asks when it is shed', async () => {
    const { cache } = setUp();
    const shed = new HubError({ reason: 'CONCURRENCY_LIMITED', message: 'no room' });
    const { deliver, reject } = pending();
    const leader = cache.serve(question({ priority: 'LOW' }), minute, patient(), deliver);
    const equal = cache.serve(question({ priority: 'LOW' }), minute, patient(), never);
    const higher = cache.serve(ask, minute, patient(), async () => delivered(reply('x')));
    reject(shed);
    expect((await Promise.allSettled([leader, equal])).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ]);
    expect(textOf((await higher).reply)).toBe('x');
  });
});

describe('an invalidation', () => {
  const all = { messageTypes: [], target: undefined, all: true };

  test.each([
    ['everything', all, 3],
    ['a message type', { ...all, all: false, messageTypes: ['other'] }, 1],
    ['a target', { ...all, all: false, target: { by: 'type', type: 'ledger' } as const }, 2],
    [
      'a message type to a target',
      { messageTypes: ['balance_query'], target: { by: 'type', type: 'ledger' } as const, all: false },
      1,
    ],
    ['what was never asked', { ...all, all: false, messageTypes: ['nothing'] }, 0],
  ])('of %s', async (_, filter, forgotten) => {
    const { cache, get } = setUp();
    await get();
    await get(question({ type: 'other' }));
    await get(question({ target: { by: 'system', systemId: 'ledger_1' } }));
    expect(cache.invalidate(filter)).toBe(forgotten);
    expect(cache.size).toBe(3 - forgotten);
  });

  test('holds for the reply that is on its way, and who asks after it does not wait for that', async () => {
    const { cache, get } = setUp();
    const { deliver, resolve } = pending();
    const before = cache.serve(ask, minute, patient(), deliver);
    const waiting = cache.serve(ask, minute, patient(), never);
    cache.invalidate(all);
    expect(await get()).toBe('answer 1');
    resolve(delivered(reply('old')));
    expect([textOf((await before).reply), textOf((await waiting).reply)]).toEqual(['old', 'old']);
    expect(await get()).toBe('answer 1, 0 ms old');
  });

  test('of something else leaves what is on its way alone', async () => {
    const { cache, get } = setUp();
    const { deliver, resolve } = pending();
    const before = cache.serve(ask, minute, patient(), deliver);
    cache.invalidate({ ...all, all: false, messageTypes: ['other'] });
    resolve(delivered(reply('x')));
    await before;
    expect(await get()).toBe('x, 0 ms old');
  });
});

describe('what is said of a question', () => {
  test('says what would become of it', async () => {
    const { cache, clock, get } = setUp();
    expect(cache.describe(ask, minute)).toBe(
      'has no reply to this question; would keep the one that comes for 60 s, for this caller alone',
    );
    const { deliver, resolve } = pending();
    const call = cache.serve(ask, minute, patient(), deliver);
    expect(cache.describe(ask, minute)).toBe(
      'would share the reply of a call with the same question that is under way',
    );
    resolve(delivered(reply('x')));
    await call;
    await clock.advance(2500);
    expect(cache.describe(ask, minute)).toBe(
      'would answer with the reply that is 2.5 s old, good for 57.5 s more, for this caller alone; nobody is asked',
    );
    expect(cache.describe(ask, { ...minute, shared: true })).toContain('for all callers');
    expect(await get()).toBe('x, 2500 ms old');
  });
});
