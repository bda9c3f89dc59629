import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeliveryLog } from './delivery-log.ts';
import { DeliveryRecord } from './delivery-record.ts';
import { messageTo, options, toType } from './fleet.fixture.ts';

const record = (id: string, acceptTimeMs = 0): DeliveryRecord =>
  new DeliveryRecord(messageTo(toType, { now: () => acceptTimeMs }, { id }), options(), []);

test('it keeps the newest deliveries, whatever sizes it had, as a list of them would', () => {
  const command = fc.oneof(
    fc.record({ begin: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ resize: fc.integer({ min: 1, max: 6 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(command, { maxLength: 40 }), (size, commands) => {
      const log = new DeliveryLog(size);
      let capacity = size;
      let model: DeliveryRecord[] = [];
      for (const each of commands) {
        if ('begin' in each) {
          const begun = record(`m-${each.begin}`);
          log.begin(begun);
          begun.failed(model.length, 'NO_ROUTE');
          model.push(begun);
        } else log.resize((capacity = each.resize));
        model = model.slice(-capacity);
      }
      expect(log.between(-Infinity, Infinity, 100)).toEqual(model.map((each) => each.snapshot()));
      for (const each of model) {
        const newest = model.findLast(({ id }) => id === each.id);
        expect(log.get(each.id)).toEqual(newest?.snapshot());
      }
      for (let id = 0; id < 10; id += 1) {
        if (model.some((each) => each.id === `m-${id}`)) continue;
        expect(() => log.get(`m-${id}`)).toThrow(
          expect.objectContaining({ reason: 'DELIVERY_NOT_FOUND' }) as Error,
        );
      }
    }),
  );
});

test('of a time it gives those that were accepted in it and have ended', () => {
  const log = new DeliveryLog(10);
  for (const atMs of [1000, 2000, 3000, 4000]) {
    const each = record(`m-${atMs}`, atMs);
    log.begin(each);
    if (atMs !== 3000) each.delivered(atMs + 5, 'one', '');
  }
  expect(log.between(2000, 4000, 10).map(({ id }) => id)).toEqual(['m-2000']);
  expect(log.between(0, 5000, 2).map(({ id }) => id)).toEqual(['m-2000', 'm-4000']);
});

test('a delivery ends once', () => {
  const ended = record('m-1');
  ended.failed(5, 'NO_ROUTE');
  expect(() => ended.delivered(6, 'one', '')).toThrow('ended FAILED already');
  expect(ended.snapshot()).toMatchObject({ state: 'FAILED', reason: 'NO_ROUTE', latencyMs: 5 });
});

test('a snapshot does not change with the delivery', () => {
  const running = record('m-1');
  const number = running.beginAttempt(false);
  const before = running.snapshot();
  running.waitUntil(70);
  expect(running.snapshot()).toMatchObject({ state: 'RETRYING', nextAttemptTimeMs: 70 });
  running.beginAttempt(true);
  expect(running.snapshot()).toMatchObject({
    state: 'DELIVERING',
    panic: true,
    nextAttemptTimeMs: undefined,
  });
  expect(number).toBe(1);
  expect(before).toMatchObject({ state: 'DELIVERING', panic: false, attempts: [] });
});
