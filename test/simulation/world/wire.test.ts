import { describe, expect, test } from 'vitest';
import type { AttemptResult } from '../../../src/base/transport.ts';
import { grpcWire } from './grpc-wire.ts';
import { httpWire } from './http-wire.ts';
import type { Ending, Wire } from './wire.ts';

const context = { shown: 'target', nowMs: 0 };
const outcomeOf = (wire: Wire, ending: Ending): string => {
  const { verdict, reason, status, retryAfterMs }: AttemptResult = wire.resultOf(ending, context);
  return [verdict, reason, status, retryAfterMs ?? ''].join(' ').trimEnd();
};
const data = Buffer.from('{}');

/** As in the conformance suite of the transports, fault by fault. */
describe('what the simulated wires conclude', () => {
  test.each<[Ending, http: string, grpc: string]>([
    [
      { kind: 'unsent', reason: 'connect_refused' },
      'NOT_REACHED connect_refused',
      'NOT_REACHED connect_refused',
    ],
    [{ kind: 'unsent', reason: 'tls_failed' }, 'NOT_REACHED tls_failed', 'NOT_REACHED tls_failed'],
    [{ kind: 'unsent', reason: 'deadline' }, 'NOT_REACHED connect_timeout', 'NOT_REACHED connect_timeout'],
    [{ kind: 'unsent', reason: 'cancelled' }, 'NOT_REACHED cancelled', 'NOT_REACHED cancelled'],
    [{ kind: 'refused_stream' }, 'MAY_HAVE_ACTED reset', 'NOT_REACHED refused_stream'],
    [{ kind: 'goaway' }, 'MAY_HAVE_ACTED reset', 'NOT_REACHED goaway'],
    [{ kind: 'deadline', heard: false }, 'MAY_HAVE_ACTED timeout', 'MAY_HAVE_ACTED timeout'],
    [{ kind: 'deadline', heard: true }, 'MAY_HAVE_ACTED timeout 200', 'MAY_HAVE_ACTED timeout'],
    [{ kind: 'cancelled', heard: false }, 'MAY_HAVE_ACTED cancelled', 'MAY_HAVE_ACTED cancelled'],
    [{ kind: 'reset', heard: false }, 'MAY_HAVE_ACTED reset', 'MAY_HAVE_ACTED reset'],
    [{ kind: 'reset', heard: true }, 'MAY_HAVE_ACTED reset 200', 'MAY_HAVE_ACTED reset'],
    [{ kind: 'garbage' }, 'MAY_HAVE_ACTED garbage', 'MAY_HAVE_ACTED garbage'],
    [{ kind: 'answer', answer: { kind: 'reply', data }, twice: false }, 'OK ok 200', 'OK ok OK'],
    [{ kind: 'answer', answer: { kind: 'reply', data }, twice: true }, 'OK ok 200', 'MAY_HAVE_ACTED garbage'],
    [
      { kind: 'answer', answer: { kind: 'error', unavailable: false }, twice: false },
      'MAY_HAVE_ACTED target_error 500',
      'MAY_HAVE_ACTED target_error INTERNAL',
    ],
    [
      { kind: 'answer', answer: { kind: 'error', unavailable: true, retryAfterMs: 7000 }, twice: false },
      'MAY_HAVE_ACTED unavailable 503 7000',
      'MAY_HAVE_ACTED unavailable UNAVAILABLE 7000',
    ],
    [
      { kind: 'answer', answer: { kind: 'busy', retryAfterMs: 2000 }, twice: false },
      'NOT_EXECUTED rate_limited 429 2000',
      'NOT_EXECUTED not_executed RESOURCE_EXHAUSTED 2000',
    ],
    [
      { kind: 'answer', answer: { kind: 'not_executed' }, twice: false },
      'NOT_EXECUTED not_executed 503',
      'NOT_EXECUTED not_executed UNAVAILABLE',
    ],
    [
      { kind: 'answer', answer: { kind: 'refusal' }, twice: false },
      'REJECTED rejected 422',
      'REJECTED rejected FAILED_PRECONDITION',
    ],
  ])('%j', (ending, http, grpc) => {
    expect([outcomeOf(httpWire, ending), outcomeOf(grpcWire, ending)]).toEqual([http, grpc]);
  });
});
