import { describe, expect, test } from 'vitest';
import type { RepeatSafety } from '../base/message.ts';
import type { Route } from '../base/route.ts';
import type { Endpoint } from '../base/transport.ts';
import { createFleet, endpointOf, messageTo, ok, send, toSystem, toType } from './fleet.fixture.ts';
import { explainCandidates } from './route-explanation.ts';

const route = (messageType: string, method?: string, repeatSafety?: RepeatSafety): Route => ({
  messageType,
  operation: method === undefined ? {} : { method },
  repeatSafety,
});
const routed = (systemId: string, ...routes: Route[]): { endpoints: Endpoint[] } => ({
  endpoints: [{ ...endpointOf(systemId), routes }],
});
const question = (messageType: string) => ({
  target: toType,
  messageType,
  kind: 'REQUEST' as const,
  source: '',
  messageId: '',
  correlationId: '',
  headers: {},
  repeatSafety: undefined,
  maxAttempts: undefined,
  timeoutMs: undefined,
});

describe('an interface with routes', () => {
  test('gets the message types of its routes only', async () => {
    const fleet = createFleet({ pets: routed('pets', route('pets.*')), all: {} });
    for (let call = 0; call < 20; call += 1)
      await send(fleet, messageTo(toType, fleet.clock, { id: `m-${call}`, type: 'orders.get' }));
    expect(new Set(fleet.sent.map(({ system }) => system))).toEqual(new Set(['all']));
    const plan = fleet.router.plan(question('orders.get'), { dryRun: true });
    expect(
      explainCandidates(plan, { ...fleet, messageType: 'orders.get' }).map(({ candidate, reason }) => [
        candidate.systemId,
        reason,
      ]),
    ).toEqual([
      ['all', 'tried first: HEALTHY, 0 in flight'],
      ['pets', 'has no route for this message type'],
    ]);
  });

  test('that nobody else can stand in for refuses other types, and the error names those it has', async () => {
    const fleet = createFleet({ pets: routed('pets', route('pets.get'), route('pets.list')) });
    const { error } = await send(fleet, messageTo(toSystem('pets'), fleet.clock, { type: 'orders.get' }));
    expect(error).toMatchObject({ reason: 'NO_ROUTE', executed: 'no' });
    expect(error?.message).toContain('"orders.get"; there are routes for pets.get, pets.list');
    expect(fleet.sent).toEqual([]);
  });
});

describe('the repeat safety of a message that takes a route', () => {
  test.each<[string, Route[], RepeatSafety, string]>([
    ['is what the operation promises', [route('t', 'GET')], 'SAFE', 'route'],
    ['is what the route says, over the operation', [route('t', 'GET', 'UNSAFE')], 'UNSAFE', 'route'],
    ['is the kind’s when the operation promises nothing', [route('t')], 'UNSAFE', 'default'],
  ])('%s', (_name, routes, repeatSafety, from) => {
    const fleet = createFleet({ one: routed('one', ...routes) });
    expect(fleet.router.plan(question('t')).repeatSafety).toEqual({ repeatSafety, from });
  });

  test('is the least of what the routes of all candidates promise', () => {
    const fleet = createFleet({
      one: routed('one', route('t', 'GET')),
      two: routed('two', route('t', 'PUT')),
    });
    expect(fleet.router.plan(question('t')).repeatSafety.repeatSafety).toBe('IDEMPOTENT');
  });

  test('is that of the kind when any candidate’s interface promises nothing', () => {
    const fleet = createFleet({ one: routed('one', route('t', 'GET')), two: {} });
    expect(fleet.router.plan(question('t')).repeatSafety).toEqual({
      repeatSafety: 'UNSAFE',
      from: 'default',
    });
  });

  test('is that of the routes also when nobody may be asked now, since a fallback goes by it', () => {
    const fleet = createFleet({ read: { ...routed('read', route('pets.get', 'GET')), status: 'FAILED' } });
    const plan = fleet.router.plan(question('pets.get'), { dryRun: true });
    expect(plan).toMatchObject({ candidates: [], repeatSafety: { repeatSafety: 'SAFE' } });
  });

  test('falls when a candidate that promises less comes back between attempts', async () => {
    const fleet = createFleet({
      reader: routed('reader', route('t', 'GET')),
      writer: routed('writer', route('t', 'POST')),
    });
    fleet.statuses.set('writer', 'FAILED');
    const lost = { verdict: 'MAY_HAVE_ACTED', reason: 'reset', status: '', detail: 'reset' } as const;
    fleet.behaviours.set('reader', () => {
      fleet.statuses.set('writer', 'HEALTHY');
      return lost;
    });
    fleet.behaviours.set('writer', () => lost);
    const { error } = await send(fleet, messageTo(toType, fleet.clock, { type: 't' }));
    expect(error).toMatchObject({ reason: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(fleet.sent.map(({ system }) => system)).toEqual(['reader', 'writer']);
  });
});

describe('what the hub itself cannot do', () => {
  const mapping = { verdict: 'NOT_REACHED', status: '', detail: 'path /pets/{id}: no id' } as const;

  test('with the message is MAPPING_FAILED, tried once, and says nothing against the target', async () => {
    const fleet = createFleet({ one: {}, two: {} });
    for (const system of ['one', 'two'])
      fleet.behaviours.set(system, () => ({ ...mapping, reason: 'mapping_failed' }));
    const { error } = await send(fleet, messageTo(toType, fleet.clock));
    expect(error).toMatchObject({ reason: 'MAPPING_FAILED', executed: 'no' });
    expect(error?.message).toContain('path /pets/{id}: no id');
    expect(fleet.observed.map(({ signal }) => signal)).toEqual(['ignored']);
  });

  test('with an interface is left to another system, else INTERFACE_MISCONFIGURED', async () => {
    const fleet = createFleet({ one: {}, two: {} });
    fleet.behaviours.set('one', () => ({ ...mapping, reason: 'misconfigured' }));
    fleet.behaviours.set('two', () => ok);
    for (let call = 0; call < 10; call += 1)
      expect((await send(fleet, messageTo(toType, fleet.clock, { id: `m-${call}` }))).error).toBeUndefined();
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock));
    expect(error).toMatchObject({ reason: 'INTERFACE_MISCONFIGURED', executed: 'no' });
  });

  test('with an answer is BAD_REPLY: the target acted, and is not asked again', async () => {
    const fleet = createFleet({ one: {}, two: {} });
    for (const system of ['one', 'two'])
      fleet.behaviours.set(system, () => ({
        verdict: 'OK',
        reason: 'bad_reply',
        status: '200',
        detail: 'reply',
      }));
    const { error } = await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'SAFE' });
    expect(error).toMatchObject({ reason: 'BAD_REPLY', executed: 'yes' });
    expect(fleet.sent).toHaveLength(1);
  });
});
