import { broken, counted, ok, policy, type Scenarios, World } from './world.ts';

const second = 1000;
const noBreaker = { consecutiveFailures: 0, failureRate: 0 };
/** Ejection as it is by default, but with fewer calls to judge by. */
const ejection = { minimumCalls: 20, intervalMs: 10 * second, baseTimeMs: 30 * second };
const pool = ['a', 'b', 'c', 'd', 'e'];

/** A pool in which `bad` fails half of its calls, after ten seconds of traffic. */
async function poolWithOutlier(
  systems: readonly string[],
  bad: readonly string[],
  rest = {},
): Promise<World> {
  const world = new World(systems, [
    policy({
      balance: 'ROUND_ROBIN',
      retry: { attempts: 1 },
      breaker: noBreaker,
      ejection: { ...ejection, ...rest },
    }),
  ]);
  await traffic(world, systems.length * 40, bad);
  return world;
}

/** Messages within ten seconds; those in `bad` fail every second attempt. */
async function traffic(world: World, messages: number, bad: readonly string[]): Promise<void> {
  for (const system of bad)
    world.does(system, ...Array.from({ length: messages }, (_, n) => (n % 2 ? ok : broken)));
  for (let sent = 0; sent < messages; sent += 1) {
    await world.send();
    await world.clock.advance((10 * second) / messages);
  }
  await world.clock.advance(second);
}

/** Who is asked by so many messages. */
async function askedBy(world: World, messages: number): Promise<string> {
  world.asked.length = 0;
  await world.sendTimes(messages);
  return counted(world.asked.toSorted()).replaceAll(/(\d+) (\w+)/g, '$2 $1');
}

/** Pools: who is taken out, and who is chosen. */
export const poolScenarios: Scenarios = {
  'one system of five fails half of its calls, the others none': async () => {
    const world = await poolWithOutlier(pool, ['a']);
    return `fifty more messages: ${await askedBy(world, 50)}`;
  },
  'its time out is over, and it works again': async () => {
    const world = await poolWithOutlier(pool, ['a']);
    for (const system of pool) world.does(system, ok);
    await world.clock.advance(31 * second);
    return `fifty more messages: ${await askedBy(world, 50)}`;
  },
  'the only system of its type fails every call': async () => {
    const world = new World(
      ['a'],
      [
        policy({
          retry: { attempts: 1 },
          breaker: noBreaker,
          ejection: { ...ejection, consecutiveFailures: 5 },
        }),
      ],
    );
    world.does('a', broken);
    const told = await world.sendTimes(20);
    const out = world.core.ejections.ejectedUntilMs('a') !== undefined;
    return `${out ? 'out' : 'not out'}; the twentieth message: ${told.at(-1)?.line}`;
  },
  'both systems of two fail every call': async () => {
    const world = new World(
      ['a', 'b'],
      [
        policy({
          balance: 'ROUND_ROBIN',
          retry: { attempts: 1 },
          breaker: noBreaker,
          ejection: { ...ejection, consecutiveFailures: 5, panicShare: 0 },
        }),
      ],
    );
    for (const system of ['a', 'b']) world.does(system, broken);
    await world.sendTimes(20);
    const out = ['a', 'b'].filter((system) => world.core.ejections.ejectedUntilMs(system) !== undefined);
    return `${out.length} of 2 out; ten more messages: ${await askedBy(world, 10)}`;
  },
  'more systems than `panic_share` allows are out or broken': async () => {
    const world = new World(
      ['a', 'b', 'c'],
      [
        policy({
          balance: 'ROUND_ROBIN',
          retry: { attempts: 1 },
          breaker: noBreaker,
          ejection: { ...ejection, consecutiveFailures: 5, maxShare: 0.7, panicShare: 0.5 },
        }),
      ],
    );
    for (const system of ['a', 'b']) world.does(system, broken);
    await world.sendTimes(15);
    for (const system of ['a', 'b']) world.does(system, ok);
    const out = ['a', 'b', 'c'].filter((system) => world.core.ejections.ejectedUntilMs(system) !== undefined);
    return `${out.length} of 3 out; nine more messages: ${await askedBy(world, 9)}`;
  },
  'every probe of every system fails (all UNHEALTHY)': async () => {
    const world = new World(['a', 'b'], [policy({ balance: 'ROUND_ROBIN' })]);
    for (const system of ['a', 'b']) world.statuses.set(system, 'UNHEALTHY');
    const { line, delivery } = await world.send();
    return `${line}, panic ${delivery.panic}`;
  },
  'the same, and the policy says `panic: false`': async () => {
    const world = new World(['a', 'b'], [policy({ panic: false })]);
    for (const system of ['a', 'b']) world.statuses.set(system, 'UNHEALTHY');
    return (await world.send()).line;
  },
  'weights are 5, 1 and 1 and `balance` is WEIGHTED': async () => {
    const world = new World([{ systemId: 'a', weight: 5 }, 'b', 'c'], [policy({ balance: 'WEIGHTED' })]);
    await world.sendTimes(7);
    return world.asked.join(' ');
  },
  '`balance` is CONSISTENT_HASH and a key’s system goes away': async () => {
    const world = new World(pool, [policy({ balance: 'CONSISTENT_HASH' })]);
    const placeOf = async (key: string): Promise<string> =>
      (await world.send({ correlationId: key })).delivery.systemId;
    const keys = Array.from({ length: 100 }, (_, index) => `order-${index}`);
    const before = new Map<string, string>();
    for (const key of keys) before.set(key, await placeOf(key));
    let stayed = 0;
    for (const key of keys) if ((await placeOf(key)) === before.get(key)) stayed += 1;
    world.statuses.set('a', 'FAILED');
    let moved = 0;
    for (const key of keys) if ((await placeOf(key)) !== before.get(key)) moved += 1;
    const were = [...before.values()].filter((system) => system === 'a').length;
    return `${stayed} of 100 keys stay; then ${moved === were ? 'its keys move, no others' : `${moved} keys move`}`;
  },
  'a message names an ejected system': async () => {
    const world = await poolWithOutlier(pool, ['a']);
    world.does('a', ok);
    return (await world.send({ to: { by: 'system', systemId: 'a' } })).line;
  },
  'a system is registered anew and `slow_start` is 60 s': async () => {
    const world = new World(
      ['a', 'b'],
      [policy({ balance: 'WEIGHTED', balanceOptions: { slowStartMs: 60 * second } })],
    );
    await world.clock.advance(60 * second);
    world.core.returned('a');
    const early = await askedBy(world, 110);
    await world.clock.advance(60 * second);
    return `at once: ${early}; a minute later: ${await askedBy(world, 110)}`;
  },
  '`zone_first` is set, and the sender’s zone loses its last system': async () => {
    const world = new World(
      [
        { systemId: 'a', zone: 'eu' },
        { systemId: 'b', zone: 'us' },
        { systemId: 'caller', type: 'shop', zone: 'eu' },
      ],
      [policy({ balanceOptions: { zoneFirst: true } })],
    );
    const before = counted((await world.sendTimes(10, { source: 'caller' })).map(({ line }) => line));
    world.statuses.set('a', 'FAILED');
    return `${before}; then ${(await world.send({ source: 'caller' })).line}`;
  },
};
