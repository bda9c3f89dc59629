import { expect, test } from 'vitest';
import { createLogger } from './log.ts';
import { createMetrics } from './metrics.ts';

test('counts calls, attempts and what is counted when it is read', async () => {
  const metrics = createMetrics({ runtime: false });
  const call = { service: 's.S', method: 'M', stream: false };
  metrics.callStarted(call);
  metrics.callStarted(call);
  metrics.callEnded({ ...call, code: 'OK', latencyMs: 3 });
  metrics.callStarted({ ...call, method: 'Watch', stream: true });
  metrics.callRefused('HUB_DRAINING');
  metrics.attempt({ protocol: 'HTTP', verdict: 'MAY_HAVE_ACTED', reason: 'timeout', latencyMs: 1500 });
  metrics.delivery({ kind: 'limit_refused', limit: 'limits.concurrency' });
  metrics.delivery({ kind: 'hedge_begun' });
  metrics.delivery({ kind: 'hedge_won' });
  metrics.delivery({ kind: 'fallback', step: 'static_reply', answered: true });
  metrics.delivery({ kind: 'reply_cache', hit: false });
  metrics.ejection('success_rate');
  metrics.countEjected(() => [['success_rate', 1]]);
  let healthy = 1;
  metrics.countSystems(() => [['HEALTHY', healthy]]);
  metrics.countBreakers(() => new Map([['OPEN', 2]]));
  healthy = 5;
  const { body } = await metrics.exposition();
  for (const line of [
    'switchyard_calls_total{service="s.S",method="M",code="OK"} 1',
    'switchyard_calls_in_flight 1',
    'switchyard_streams{service="s.S",method="Watch"} 1',
    'switchyard_call_duration_seconds_bucket{le="0.0025",service="s.S",method="M"} 0',
    'switchyard_call_duration_seconds_bucket{le="0.005",service="s.S",method="M"} 1',
    'switchyard_calls_refused_total{reason="HUB_DRAINING"} 1',
    'switchyard_delivery_attempts_total{protocol="HTTP",verdict="MAY_HAVE_ACTED",reason="timeout"} 1',
    'switchyard_delivery_attempt_duration_seconds_sum{protocol="HTTP",verdict="MAY_HAVE_ACTED"} 1.5',
    'switchyard_limit_refusals_total{limit="limits.concurrency"} 1',
    'switchyard_hedges_total{result="begun"} 1',
    'switchyard_hedges_total{result="won"} 1',
    'switchyard_fallbacks_total{step="static_reply",answered="yes"} 1',
    'switchyard_reply_cache_total{result="miss"} 1',
    'switchyard_ejections_total{rule="success_rate"} 1',
    'switchyard_ejected_systems{rule="success_rate"} 1',
    'switchyard_systems{status="HEALTHY"} 5',
    'switchyard_breakers{state="OPEN"} 2',
  ]) {
    expect(body.split('\n')).toContain(line);
  }
});

test('a status that nobody has any more is gone from the gauge', async () => {
  const metrics = createMetrics({ runtime: false });
  let counts: [string, number][] = [['FAILED', 1]];
  metrics.countSystems(() => counts);
  await metrics.exposition();
  counts = [['HEALTHY', 1]];
  const { body } = await metrics.exposition();
  expect(body).not.toContain('FAILED');
});

test('measures event loop delay and memory, in a registry of its own for each hub', async () => {
  const { body } = await createMetrics().exposition();
  createMetrics();
  expect(body).toContain('nodejs_eventloop_lag_p99_seconds');
  expect(body).toContain('process_resident_memory_bytes');
});

test('a log line is one JSON object with level, time, message and fields, child fields included', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', stream: { write: (line) => lines.push(line) } });
  logger.debug('not this');
  logger.child({ room: 'rpc' }).warn('a connection was refused', { limit: 3 });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      room: 'rpc',
      limit: 3,
      msg: 'a connection was refused',
    },
  ]);
});
