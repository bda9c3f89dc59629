import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import {
  type AttemptSchema,
  DeliverySchema,
  DeliveryState,
  Verdict,
} from '#gen/switchyard/messaging/v1/delivery_pb.js';
import { deliverySummary, deliveryTable } from './delivery-trace.ts';
import type { Terminal } from './terminal.ts';

const attempt = (rest: MessageInitShape<typeof AttemptSchema>): MessageInitShape<typeof AttemptSchema> => ({
  number: 1,
  systemId: 'one',
  interface: 'rest',
  verdict: Verdict.OK,
  reason: 'ok',
  latency: durationFromMs(20),
  ...rest,
});
const delivery = (rest: MessageInitShape<typeof DeliverySchema>) =>
  create(DeliverySchema, { state: DeliveryState.DELIVERED, latency: durationFromMs(20), ...rest });
const terminal: Terminal = { colour: false, width: 200 } as unknown as Terminal;

test.each<[string, MessageInitShape<typeof DeliverySchema>]>([
  ['delivered by one over rest in 20 ms, 1 attempt', { systemId: 'one', attempts: [attempt({})] }],
  [
    'delivered by two over rest in 20 ms, 2 attempts, fallback type:ledger',
    {
      systemId: 'two',
      fallbackUsed: 'type:ledger',
      attempts: [attempt({}), attempt({ systemId: 'two', fallback: 'type:ledger' })],
    },
  ],
  [
    'delivered from the reply cache (3 s old) in 20 ms, 0 attempts',
    { cached: true, replyAge: durationFromMs(3000) },
  ],
  [
    'delivered by the last good reply (1 m old) in 20 ms, 1 attempt, fallback last_good',
    { stale: true, fallbackUsed: 'last_good', replyAge: durationFromMs(60_000), attempts: [attempt({})] },
  ],
  // Not the loser of a race, whose number is the last.
  [
    'delivered by one over rest in 20 ms, 2 attempts',
    {
      systemId: 'one',
      attempts: [attempt({}), attempt({ systemId: 'two', hedge: true, reason: 'cancelled' })],
    },
  ],
])('%s', (line, shown) => {
  expect(deliverySummary(delivery(shown))).toBe(line);
});

test('the table has a column for what few attempts have only where one has it', () => {
  const plain = deliveryTable(terminal, delivery({ attempts: [attempt({})] }));
  expect(plain).not.toMatch(/QUEUED|BESIDE|FALLBACK/);
  const rich = deliveryTable(
    terminal,
    delivery({
      attempts: [attempt({ hedge: true, queueTime: durationFromMs(200), fallback: 'system:two' })],
    }),
  );
  expect(rich).toMatch(/QUEUED +BESIDE +FALLBACK/);
  expect(rich).toMatch(/200 ms +hedge +system:two/);
});
