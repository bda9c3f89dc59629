import { create } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { expect, it } from 'vitest';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { SimulatePolicyRequestSchema } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import type { HubError } from '../base/error.ts';
import { broken, ok } from '../messaging/fleet.fixture.ts';
import { recordTraffic } from '../messaging/traffic.fixture.ts';
import type { BreakerHistory } from '../resilience/breaker-history.ts';
import { createContext } from './handler-call.fixture.ts';
import { resilienceRequestSchemas } from './resilience-requests.ts';
import { createSimulationHandlers } from './simulation-handlers.ts';

/** A hub that remembers a hundred deliveries, one each second, of which every tenth failed once and was repeated. */
async function world() {
  const recorded = await recordTraffic({
    systems: ['a'],
    count: 100,
    everyMs: 1000,
    answer: ({ afterMs }) => ({ result: afterMs % 10_000 === 0 ? broken : ok, latencyMs: 10 }),
  });
  const asked: { fromMs: number; untilMs: number }[] = [];
  const handlers = createSimulationHandlers({
    deliveries: {
      between: (fromMs, untilMs) => {
        asked.push({ fromMs, untilMs });
        return recorded.deliveries.filter(
          ({ acceptTimeMs }) => acceptTimeMs >= fromMs && acceptTimeMs < untilMs,
        );
      },
    },
    board: { history: recorded.breakerHistory as BreakerHistory },
    policies: { policies: recorded.policies },
    routing: recorded.directory,
    transports: recorded.transports,
    hubZone: () => '',
  });
  const simulate = (request: object = {}, signal = new AbortController().signal) =>
    handlers.simulatePolicy(
      create(SimulatePolicyRequestSchema, { policy: { name: 'once', retry: { attempts: 1 } }, ...request }),
      { ...createContext().context, signal },
    );
  return { simulate, asked, startMs: recorded.deliveries[0]!.acceptTimeMs };
}

it('gives what was recorded, what is and what would be', async () => {
  const { simulate, asked, startMs } = await world();
  const { simulation } = await simulate();
  expect(asked).toEqual([{ fromMs: 0, untilMs: Infinity }]);
  expect(simulation).toMatchObject({
    deliveries: 100,
    matched: 100,
    recorded: { delivered: 100, attempts: 110, retries: 10, failed: 0 },
    current: { delivered: 100, attempts: 110, retries: 10, reasons: {} },
    proposed: {
      delivered: 90,
      attempts: 100,
      retries: 0,
      failed: 10,
      unknown: 10,
      reasons: { TARGET_FAILED: 10 },
    },
  });
  expect(timestampMs(simulation!.startTime as never)).toBe(startMs);
  expect(simulation!.proposed!.latencyP50).toMatchObject({ seconds: 0n, nanos: 10_000_000 });
  expect(simulation!.assumptions!.length).toBeGreaterThan(5);
});

it('takes the deliveries of the time that is asked for', async () => {
  const { simulate, startMs } = await world();
  const { simulation } = await simulate({
    startTime: timestampFromMs(startMs + 10_000),
    endTime: timestampFromMs(startMs + 30_000),
  });
  expect(simulation).toMatchObject({ deliveries: 20, recorded: { retries: 2 } });
});

it('runs one simulation at a time, and the next one after it', async () => {
  const { simulate } = await world();
  const first = simulate();
  const refused = (await simulate().catch((error: unknown) => error)) as HubError;
  expect(refused).toMatchObject({ reason: 'CONCURRENCY_LIMITED', retryAfterMs: 1000 });
  await first;
  await expect(simulate()).resolves.toBeDefined();
});

it('ends with its caller, and lets the next one in', async () => {
  const { simulate } = await world();
  const caller = new AbortController();
  const first = simulate({}, caller.signal);
  const gone = new Error('gone');
  caller.abort(gone);
  await expect(first).rejects.toBe(gone);
  await expect(simulate()).resolves.toBeDefined();
});

it('is asked for a span of time that ends after it begins', () => {
  const schema = resilienceRequestSchemas.simulatePolicy;
  const span = (startMs: number, endMs: number) => ({
    policy: create(PolicySchema, { name: 'p' }),
    startTime: timestampFromMs(startMs),
    endTime: timestampFromMs(endMs),
  });
  expect(schema.safeParse(span(1000, 2000)).success).toBe(true);
  expect(schema.safeParse(span(2000, 2000)).error?.issues).toMatchObject([
    { path: ['endTime'], message: 'must be after start_time' },
  ]);
});
