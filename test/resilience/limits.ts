import type { HubError } from '../../src/base/error.ts';
import type { Priority } from '../../src/base/message.ts';
import { type Ask, counted, endOf, ok, policy, type Scenarios, type Told, World } from './world.ts';

const second = 1000;
const once = { attempts: 1 };
const many = (count: number, ask: Ask = {}): readonly Ask[] => Array.from({ length: count }, () => ask);
const ends = (told: readonly Told[]): string => counted(told.map(endOf));

/** What a refusal says of itself, without its numbers of the moment. */
const told = (error: HubError | undefined, ...names: readonly string[]): string =>
  names.map((name) => `${name} ${error?.metadata[name] ?? 'missing'}`).join(', ');

/** Limits: how much a caller may ask, and how much a target gets. */
export const limitScenarios: Scenarios = {
  'a caller sends fifteen at once, and `caller_rate` is 10 a second': async () => {
    const world = new World(['a'], [policy({ limits: { callerRate: { perSecond: 10 } } })]);
    const ann = await world.sendAll(many(15, { sender: 'ann' }));
    const bob = await world.sendAll(many(5, { sender: 'bob' }));
    const refused = ann.find(({ error }) => error !== undefined)?.error;
    return `${ends(ann)} (${told(refused, 'policy', 'limit')}); another caller: ${ends(bob)}`;
  },
  'it comes back when the refusal says': async () => {
    const world = new World(['a'], [policy({ limits: { callerRate: { perSecond: 10 } } })]);
    const all = await world.sendAll(many(15));
    const refused = all.find(({ error }) => error !== undefined)?.error;
    await world.clock.advance(refused?.retryAfterMs ?? 0);
    return (await world.send()).line;
  },
  'a target gets more than its `target_rate`, and another of the type has room': async () => {
    const world = new World(
      ['a', 'b'],
      [
        policy({
          balance: 'ROUND_ROBIN',
          match: { systemIds: ['a'] },
          limits: { targetRate: { perSecond: 2 } },
        }),
      ],
    );
    const all = await world.sendAll(many(10));
    return `${ends(all)}; a got ${world.asked.filter((system) => system === 'a').length}`;
  },
  'twenty come at once, `max_calls` is 5 and `queue` is 10': async () => {
    const world = new World(
      ['a'],
      [
        policy({
          retry: once,
          limits: { concurrency: { maxCalls: 5, queue: 10, queueTimeMs: 10 * second } },
        }),
      ],
    );
    world.does('a', { result: ok, afterMs: 100 });
    return ends(await world.sendAll(many(20)));
  },
  'a full queue meets a message of higher priority': async () => {
    const world = new World(
      ['a'],
      [policy({ retry: once, limits: { concurrency: { maxCalls: 1, queue: 2, queueTimeMs: 10 * second } } })],
    );
    world.does('a', { result: ok, afterMs: 100 });
    const asks: Ask[] = [
      { id: 'first' },
      { id: 'low', priority: 'LOW' },
      { id: 'normal' },
      { id: 'high', priority: 'HIGH' },
    ];
    const all = await world.sendAll(asks);
    const order = all
      .filter(({ error }) => error === undefined)
      .toSorted((one, other) => startOf(one) - startOf(other))
      .map(({ delivery }) => delivery.id);
    const refused = all.filter(({ error }) => error !== undefined);
    return `${order.join(', ')}; ${refused.map(({ delivery, line }) => `${delivery.id} ${line}`).join(', ')}`;
  },
  'a place does not become free within `queue_time`': async () => {
    const world = new World(
      ['a'],
      [policy({ retry: once, limits: { concurrency: { maxCalls: 1, queue: 10, queueTimeMs: second } } })],
    );
    world.does('a', { result: ok, afterMs: 5 * second });
    const all = await world.sendAll(many(2));
    return `${ends(all)} after ${all[1]?.delivery.latencyMs} ms`;
  },
  'a target gets four times what it can do, and `adaptive` is on': async () => {
    const { delivered, p95Ms } = await overloaded({ adaptive: { enabled: true } });
    return `${delivered > 0.9 * canDo ? 'more than 90 %' : `${delivered} of ${canDo}`} of what it can do is delivered, 95 of 100 within ${p95Ms < 500 ? 'half a second' : `${p95Ms} ms`}`;
  },
  'the same, and no limit is set': async () => {
    const { delivered } = await overloaded({});
    return `${delivered < 0.1 * canDo ? 'less than 10 %' : `${delivered} of ${canDo}`} of what it can do is delivered in time`;
  },
  'half of that load has the priority LOW': async () => {
    const { byPriority } = await overloaded({ adaptive: { enabled: true } }, ['LOW', 'HIGH']);
    const [low = 0, high = 0] = [byPriority.get('LOW'), byPriority.get('HIGH')];
    return high > 4 * low ? 'HIGH gets more than 4 times as much as LOW' : `HIGH ${high}, LOW ${low}`;
  },
};

/** Messages that the target of {@link overloaded} can answer in the time that is looked at. */
const canDo = 1000;

/**
 * A target that takes 100 messages a second (10 at once, 100 ms each) gets 400 a second for 20 s, from callers who wait a
 * second for an answer. What comes of it in the last 10 s.
 */
async function overloaded(
  limits: NonNullable<Parameters<typeof policy>[0]>['limits'],
  priorities: readonly Priority[] = ['NORMAL'],
) {
  const world = new World(
    ['a'],
    [policy({ retry: once, timeoutMs: second, breaker: { consecutiveFailures: 0, failureRate: 0 }, limits })],
  );
  world.serves('a', { atOnce: 10, eachMs: 100 });
  const asked: Promise<Told>[] = [];
  for (let sent = 0; sent < 8000; sent += 1) {
    asked.push(world.begin({ priority: priorities[sent % priorities.length] ?? 'NORMAL' }).told);
    if (sent % 4 === 3) await world.clock.advance(10);
  }
  await world.clock.advance(2 * second);
  const late = (await Promise.all(asked)).slice(4000).filter(({ error }) => error === undefined);
  const latencies = late.map(({ delivery }) => delivery.latencyMs ?? 0).sort((a, b) => a - b);
  const byPriority = new Map<Priority, number>();
  for (const { delivery } of late) {
    const { priority } = delivery.subject;
    byPriority.set(priority, (byPriority.get(priority) ?? 0) + 1);
  }
  return { delivered: late.length, p95Ms: latencies[Math.floor(latencies.length * 0.95)] ?? 0, byPriority };
}

function startOf({ delivery }: Told): number {
  return delivery.attempts[0]?.startTimeMs ?? Infinity;
}
