import { broken, counted, endOf, ok, policy, refused, type Scenarios, World } from './world.ts';

const second = 1000;
const once = { attempts: 1 };

/** Breakers: when they open, how they close, and who steers them. */
export const breakerScenarios: Scenarios = {
  'five attempts in a row fail': async () => {
    const world = new World(['a'], [policy({ retry: once })]);
    world.does('a', broken);
    await world.sendTimes(5);
    return `${world.breaker('a')}; the next message: ${(await world.send()).line}`;
  },
  'half of twenty attempts within a minute fail, never five in a row': async () => {
    const world = new World(['a'], [policy({ retry: once })]);
    for (let turn = 0; turn < 10; turn += 1) {
      world.does('a', ok);
      await world.send();
      world.does('a', broken);
      await world.send();
    }
    return world.breaker('a');
  },
  'ten messages come at once when the breaker has been open for a minute': async () => {
    const world = new World(['a'], [policy({ retry: once })]);
    world.does('a', broken);
    await world.sendTimes(5);
    world.does('a', { result: ok, afterMs: 100 });
    await world.clock.advance(60 * second);
    const told = await world.sendAll(Array.from({ length: 10 }, () => ({})));
    return `${counted(told.map(endOf))}; then ${world.breaker('a')}`;
  },
  'a trial fails': async () => {
    const world = new World(['a'], [policy({ retry: once })]);
    world.does('a', broken);
    await world.sendTimes(5);
    await world.clock.advance(60 * second);
    return `${(await world.send()).line}; then ${world.breaker('a')}`;
  },
  'a trial is never answered': async () => {
    const world = new World(['a'], [policy({ retry: once, attemptTimeoutMs: 5 * second })]);
    world.does('a', broken);
    await world.sendTimes(5);
    world.does('a', 'never');
    await world.clock.advance(60 * second);
    const { line } = await world.send();
    const then = world.breaker('a');
    world.does('a', ok);
    await world.clock.advance(60 * second);
    await world.sendTimes(3);
    return `${line}; then ${then}; a minute later, after 3 good trials, ${world.breaker('a')}`;
  },
  'half of the answers take longer than `slow_call_time`, and `slow_call_rate` is 0.5': async () => {
    const world = new World(
      ['a'],
      [policy({ breaker: { slowCallRate: 0.5, slowCallTimeMs: second, minimumCalls: 10 } })],
    );
    for (let turn = 0; turn < 5; turn += 1) {
      world.does('a', ok);
      await world.send();
      world.does('a', { result: ok, afterMs: 2 * second });
      await world.send();
    }
    return world.breaker('a');
  },
  'callers give so little time that nobody could answer': async () => {
    const world = new World(['a']);
    world.does('a', { result: ok, afterMs: 500 });
    for (let sent = 0; sent < 10; sent += 1) {
      await world.send({ options: { callerDeadlineMs: world.clock.now() + 200 } });
    }
    return `${world.breaker('a')} after 10 timeouts`;
  },
  'breakers have `scope: MESSAGE_TYPE` and one type of message fails': async () => {
    const world = new World(['a'], [policy({ retry: once, breaker: { scope: 'MESSAGE_TYPE' } })]);
    world.does('a', broken);
    await world.sendTimes(5, { type: 'report' });
    world.does('a', ok);
    const report = await world.send({ type: 'report' });
    const balance = await world.send({ type: 'balance' });
    return `report: ${report.line}; balance: ${balance.line}`;
  },
  'a person trips a breaker for ten minutes': async () => {
    const world = new World(['a'], [policy({ retry: once })]);
    const key = { systemId: 'a', interface: 'rest' };
    await world.core.breakers.trip(key, { forMs: 600 * second, cause: 'by ann: disk swap' });
    const during = await world.send();
    await world.clock.advance(600 * second);
    const after = await world.send();
    return `${during.line}; ten minutes later: ${after.line}`;
  },
  'a person forces a breaker closed, and the target fails on': async () => {
    const world = new World(['a'], [policy({ retry: once })]);
    const key = { systemId: 'a', interface: 'rest' };
    await world.core.breakers.trip(key, { state: 'FORCED_CLOSED', cause: 'by ann: let it through' });
    world.does('a', refused);
    return `20th message: ${(await world.sendTimes(20)).at(-1)?.line}; then ${world.breaker('a')}`;
  },
};
