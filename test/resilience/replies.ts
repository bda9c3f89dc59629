import type { FallbackStep } from '../../src/resilience/policy.ts';
import { type Ask, counted, endOf, ok, policy, refused, reset, type Scenarios, World } from './world.ts';

const second = 1000;
const once = { attempts: 1 };
const toA = { by: 'system', systemId: 'a' } as const;
const archive: FallbackStep = { kind: 'target', target: { by: 'type', type: 'archive' } };
const sorry: FallbackStep = {
  kind: 'static_reply',
  reply: { status: '200', contentType: 'text/plain', dataBase64: Buffer.from('closed').toString('base64') },
};
const withArchive = ['a', { systemId: 'z', type: 'archive' }] as const;

/** Fallbacks, hedging and the reply cache: where a reply may come from beside the first attempt. */
export const replyScenarios: Scenarios = {
  'nobody of the type answers, and the policy names another type': async () => {
    const world = new World(withArchive, [policy({ retry: once, fallback: [archive] })]);
    world.does('a', refused);
    return (await world.send({ to: toA })).line;
  },
  'that one does not answer either, and a static reply comes last': async () => {
    const world = new World(withArchive, [policy({ retry: once, fallback: [archive, sorry] })]);
    world.does('a', refused);
    world.does('z', refused);
    return (await world.send({ to: toA })).line;
  },
  'a system is addressed, and the policy falls back to its type (`same_type`)': async () => {
    const world = new World(['a', 'b'], [policy({ retry: once, fallback: [{ kind: 'same_type' }] })]);
    world.does('a', refused);
    return (await world.send({ to: toA })).line;
  },
  'an UNSAFE message may have acted, and the policy has a fallback': async () => {
    const world = new World(withArchive, [policy({ retry: once, fallback: [archive, sorry] })]);
    world.does('a', reset);
    return (await world.send({ to: toA, kind: 'COMMAND' })).line;
  },
  'a read fails, and its last good reply is 20 minutes old (`last_good`)': async () => {
    const world = new World(['a'], [policy({ retry: once, fallback: [{ kind: 'last_good' }] })]);
    await world.send();
    await world.clock.advance(1200 * second);
    world.does('a', refused);
    const { line, delivery } = await world.send();
    return `${line}, stale ${delivery.stale}, ${Math.round((delivery.replyAgeMs ?? 0) / 60_000)} min old`;
  },
  'a read is slow, and the policy hedges after 100 ms': async () => {
    const world = new World(
      ['a', 'b'],
      [policy({ balance: 'ROUND_ROBIN', hedge: { attempts: 1, delayMs: 100 } })],
    );
    world.does('a', { result: ok, afterMs: 5 * second });
    world.does('b', { result: ok, afterMs: 50 });
    const { line, delivery } = await world.send();
    return `${line}, after ${delivery.latencyMs} ms`;
  },
  'an UNSAFE message is slow, and the policy hedges after 100 ms': async () => {
    const world = new World(
      ['a', 'b'],
      [policy({ balance: 'ROUND_ROBIN', hedge: { attempts: 1, delayMs: 100 } })],
    );
    world.does('a', { result: ok, afterMs: 5 * second });
    return (await world.send({ kind: 'COMMAND' })).line;
  },
  'the same read comes again within `reply_cache.ttl`': async () => {
    const world = new World(['a'], [policy({ replyCache: { ttlMs: 60 * second } })]);
    await world.send();
    await world.clock.advance(10 * second);
    const { line, delivery } = await world.send();
    return `${line}, ${Math.round((delivery.replyAgeMs ?? 0) / second)} s old; asked once: ${world.asked.length === 1}`;
  },
  'ten callers ask the same at the same time': async () => {
    const world = new World(['a'], [policy({ replyCache: { ttlMs: 60 * second } })]);
    world.does('a', { result: ok, afterMs: 100 });
    const told = await world.sendAll(Array.from({ length: 10 }, (): Ask => ({ data: 'a-1' })));
    return `${counted(told.map(endOf))}; asked ${world.asked.length} time`;
  },
  'the one who asks for all goes away': async () => {
    const world = new World(['a'], [policy({ replyCache: { ttlMs: 60 * second } })]);
    world.does('a', { result: ok, afterMs: 100 });
    const leader = world.begin({ data: 'a-1' });
    const others = [world.begin({ data: 'a-1' }), world.begin({ data: 'a-1' })];
    await world.clock.advance(50);
    leader.signal.abort();
    await world.clock.advance(200);
    const told = await Promise.all([leader, ...others].map((asked) => asked.told));
    return `${counted(told.map(endOf))}; asked ${world.asked.length} times`;
  },
  'a read is not answered, and its cached reply is too old': async () => {
    const world = new World(['a'], [policy({ retry: once, replyCache: { ttlMs: 60 * second } })]);
    await world.send();
    await world.clock.advance(61 * second);
    world.does('a', refused);
    return (await world.send()).line;
  },
};
