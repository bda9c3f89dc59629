import {
  type Ask,
  broken,
  busy,
  ok,
  policy,
  refused,
  rejected,
  reset,
  type Scenarios,
  World,
} from './world.ts';

const second = 1000;
/** A breaker that stays out of what is shown. */
const noBreaker = { consecutiveFailures: 0, failureRate: 0 };
const unsafe: Ask = { kind: 'COMMAND' };
const idempotent: Ask = { kind: 'COMMAND', options: { repeatSafety: 'IDEMPOTENT' } };

/** Attempts and what may follow them. */
export const attemptScenarios: Scenarios = {
  'a connection is refused, and another system of the type is there': async () => {
    const world = new World(['a', 'b'], [policy({ balance: 'ROUND_ROBIN' })]);
    world.does('a', refused);
    const { line, delivery } = await world.send(unsafe);
    return `${line}, after ${delivery.latencyMs} ms`;
  },
  'a connection is refused, and there is nobody else': async () => {
    const world = new World(['a']);
    world.does('a', refused);
    return (await world.send(unsafe)).line;
  },
  'a connection breaks in the middle of an UNSAFE message': async () => {
    const world = new World(['a', 'b'], [policy({ balance: 'ROUND_ROBIN' })]);
    world.does('a', reset);
    return (await world.send(unsafe)).line;
  },
  'an IDEMPOTENT message gets no answer in time': async () => {
    const world = new World(['a', 'b'], [policy({ balance: 'ROUND_ROBIN', attemptTimeoutMs: second })]);
    world.does('a', 'never', ok);
    return (await world.send(idempotent)).line;
  },
  'the same, and the policy says that the type shares its state (`repeat_scope: TYPE`)': async () => {
    const world = new World(
      ['a', 'b'],
      [policy({ balance: 'ROUND_ROBIN', attemptTimeoutMs: second, repeatScope: 'TYPE' })],
    );
    world.does('a', 'never');
    return (await world.send(idempotent)).line;
  },
  'a read (SAFE) is answered with 503': async () => {
    const world = new World(['a', 'b'], [policy({ balance: 'ROUND_ROBIN' })]);
    world.does('a', broken);
    return (await world.send()).line;
  },
  'the target says no (404)': async () => {
    const world = new World(['a', 'b'], [policy({ balance: 'ROUND_ROBIN' })]);
    world.does('a', rejected);
    return (await world.send()).line;
  },
  'the target says 429 and `Retry-After: 2`': async () => {
    const world = new World(['a']);
    world.does('a', { ...busy, retryAfterMs: 2 * second }, ok);
    const { line, delivery } = await world.send(unsafe);
    const waitedMs = delivery.attempts[0]?.backoffMs ?? 0;
    return `${line}, ${waitedMs >= 2 * second && waitedMs <= 2.2 * second ? '2.0 to 2.2 s' : `${waitedMs} ms`} between`;
  },
  'the target asks for a wait of an hour': async () => {
    const world = new World(
      ['a'],
      [policy({ timeoutMs: 3_600_000, retry: { maxRetryAfterMs: 10 * second } })],
    );
    world.does('a', { ...busy, retryAfterMs: 3_600_000 }, ok);
    const { line, delivery } = await world.send();
    const waitedMs = delivery.attempts[0]?.backoffMs ?? 0;
    return `${line}, ${waitedMs >= 10 * second && waitedMs <= 11 * second ? '10 to 11 s' : `${waitedMs} ms`} between`;
  },
  'the policy retries `connect-failure` only, and the target answers 503': async () => {
    const world = new World(
      ['a', 'b'],
      [policy({ balance: 'ROUND_ROBIN', retry: { on: ['connect-failure'] } })],
    );
    world.does('a', broken);
    return (await world.send()).line;
  },
  'no time is left for another attempt': async () => {
    const world = new World(['a'], [policy({ timeoutMs: 2 * second, attemptTimeoutMs: 2 * second })]);
    world.does('a', 'never');
    const { line, delivery } = await world.send();
    return `${line}, after ${delivery.latencyMs} ms`;
  },
  'forty reads fail at the same time': async () => {
    const world = new World(['a'], [policy({ breaker: noBreaker, retry: { initialDelayMs: 0 } })]);
    // They fail together after a while, and all ask for their retry at once.
    world.does('a', { result: broken, afterMs: 100 });
    const asks = Array.from({ length: 40 }, () => ({}));
    const told = await world.sendAll(asks);
    const retried = told.filter(({ delivery }) => delivery.attempts.length > 1).length;
    return `40 failed, ${retried} of them after a retry`;
  },
};
