import { expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import type { LimitRefusal, TargetPermit } from '../resilience/limit-board.ts';
import { admit, type Asker } from './admission.ts';
import { OpenAttempt } from './attempt.ts';
import type { Candidate } from './candidate.ts';
import type { DeliveryPorts } from './delivery-ports.ts';
import { endpointOf } from './fleet.fixture.ts';

const noRoom: LimitRefusal = {
  admitted: false,
  reason: 'concurrency_limited',
  policy: 'places',
  limit: 'limits.concurrency',
  subject: 'one',
  maximum: 1,
  current: 1,
  waiting: 0,
  retryAfterMs: 100,
  detail: 'no room',
};

/** Limits that answer as told, and breakers that let `open` systems through; counts what is held. */
function ports(enter: (mayWait: boolean) => LimitRefusal | 'room' | Promise<'room'>, open = true) {
  const clock = createFakeClock();
  const held = { room: 0, permits: 0 };
  const take = (): TargetPermit => {
    held.room += 1;
    return { admitted: true, waitedMs: 0, release: () => (held.room -= 1) };
  };
  const breakers = {
    acquire: () => {
      if (!open) return { admitted: false, state: 'OPEN', retryAfterMs: 1, cause: '' } as const;
      held.permits += 1;
      return { admitted: true, trial: false, settle: () => (held.permits -= 1) } as const;
    },
  };
  const limits = {
    takeCaller: () => undefined,
    enter: (_system: string, { mayWait }: { readonly mayWait: boolean }) => {
      const answer = enter(mayWait);
      if (answer === 'room') return take();
      return answer instanceof Promise ? answer.then(take) : answer;
    },
  };
  return { held, clock, ports: { clock, limits, breakers } as unknown as DeliveryPorts };
}

function ask(deadlineMs: number, signal: AbortSignal = new AbortController().signal): Asker {
  return {
    messageType: 't',
    priority: 'NORMAL',
    startUntilMs: deadlineMs,
    signal,
    timing: (nowMs) =>
      nowMs < deadlineMs ? { timeoutMs: deadlineMs - nowMs, cutByCallerDeadline: false } : undefined,
    current: (endpoint) => endpoint,
  };
}

const candidates = [{ endpoint: endpointOf('one') }] as unknown as readonly Candidate[];

test.each([
  ['the deadline passes', 'deadline'],
  ['the caller goes away', 'cancelled'],
] as const)('when %s while it waits, room that comes all the same goes back', async (_what, stop) => {
  const room = Promise.withResolvers<'room'>();
  const { held, clock, ports: all } = ports((mayWait) => (mayWait ? room.promise : noRoom));
  const caller = new AbortController();
  const admitted = admit(all, ask(clock.now() + 500, caller.signal), candidates, {
    mayWait: true,
    nowMs: clock.now(),
  });
  if (stop === 'deadline') await clock.advance(500);
  else caller.abort();
  room.resolve('room');
  expect(await admitted).toEqual({ stop });
  expect(held).toEqual({ room: 0, permits: 0 });
});

test('room goes back when the breaker refuses, and nobody is left', () => {
  const { held, clock, ports: all } = ports(() => 'room', false);
  const asker = ask(clock.now() + 500);
  expect(admit(all, asker, candidates, { mayWait: true, nowMs: clock.now() })).toEqual({
    stop: 'candidates',
  });
  expect(held).toEqual({ room: 0, permits: 0 });
});

test('an attempt gives back what it holds once, however often it is told to', () => {
  const { held, clock, ports: all } = ports(() => 'room');
  const attempt = admit(all, ask(clock.now() + 500), candidates, { mayWait: true, nowMs: clock.now() });
  expect(attempt).toBeInstanceOf(OpenAttempt);
  expect(held).toEqual({ room: 1, permits: 1 });
  if (!(attempt instanceof OpenAttempt)) return;
  attempt.giveBack();
  attempt.giveBack();
  attempt.end({ verdict: 'OK', reason: 'ok', status: '', detail: '' });
  expect(held).toEqual({ room: 0, permits: 0 });
});

test('the refusal that ends soonest is the one that is given', () => {
  const refusals = [noRoom, { ...noRoom, subject: 'two', retryAfterMs: 20 }, { ...noRoom, retryAfterMs: 50 }];
  const { clock, ports: all } = ports(() => refusals.shift() ?? noRoom);
  const three = [...candidates, ...candidates, ...candidates];
  expect(admit(all, ask(clock.now() + 500), three, { mayWait: false, nowMs: clock.now() })).toMatchObject({
    stop: 'limit',
    refusal: { subject: 'two', retryAfterMs: 20 },
  });
});
