import { ConnectFault } from '../../../src/transports/connect-fault.ts';
import type { ExchangeEvidence } from '../../../src/transports/http/exchange.ts';
import { verdictOf } from '../../../src/transports/http/verdict.ts';
import { replyBytesMax } from '../../../src/transports/limits.ts';
import { type Answer, type Ending, payloadType, type Wire } from './wire.ts';

/** HTTP/1.1: the evidence that each ending leaves, judged by the real transport's rules. */
export const httpWire: Wire = {
  protocol: 'HTTP',
  hasStreams: false,
  resultOf: (ending, { shown, nowMs }) =>
    verdictOf(evidenceOf(ending), { shown, nowMs, waitedFor: 'connection', bodyBytesMax: replyBytesMax }),
};

const empty = Buffer.alloc(0);
const unsent = { started: false, headers: {}, body: empty } as const;
const sent = { started: true, headers: {}, body: empty } as const;
const ok = { status: 200 } as const;

function evidenceOf(ending: Ending): ExchangeEvidence {
  switch (ending.kind) {
    case 'unsent':
      if (ending.reason === 'deadline') return { ...unsent, end: 'deadline' };
      if (ending.reason === 'cancelled') return { ...unsent, end: 'cancelled' };
      return {
        ...unsent,
        end: 'fault',
        fault: new ConnectFault(ending.reason, `simulated ${ending.reason}`),
      };
    case 'deadline':
    case 'cancelled':
      return { ...sent, ...(ending.heard ? ok : {}), end: ending.kind };
    // A connection has one stream here; whoever refuses it ends the connection.
    case 'refused_stream':
    case 'goaway':
      return { ...sent, end: 'fault', fault: new Error('other side closed') };
    case 'reset':
      return { ...sent, ...(ending.heard ? ok : {}), end: 'fault', fault: new Error('other side closed') };
    case 'garbage':
      return {
        ...sent,
        end: 'fault',
        fault: Object.assign(new Error('Parse Error: Expected HTTP/'), { code: 'HPE_INVALID_CONSTANT' }),
      };
    case 'answer':
      // A second answer belongs to no request: it ends the connection behind the first, which counts.
      return { ...sent, end: 'complete', ...answered(ending.answer) };
  }
}

function answered(
  answer: Answer,
): Pick<ExchangeEvidence, 'status' | 'headers' | 'body'> & { status: number } {
  switch (answer.kind) {
    case 'reply':
      return { status: 200, headers: { 'content-type': payloadType }, body: Buffer.from(answer.data) };
    case 'error':
      return {
        status: answer.unavailable ? 503 : 500,
        headers: retryAfter(answer.retryAfterMs),
        body: empty,
      };
    case 'busy':
      return { status: 429, headers: retryAfter(answer.retryAfterMs), body: empty };
    case 'not_executed':
      return { status: 503, headers: { 'switchyard-outcome': 'not-executed' }, body: empty };
    case 'refusal':
      return { status: 422, headers: {}, body: Buffer.from('no such thing') };
  }
}

function retryAfter(retryAfterMs: number | undefined): Record<string, string> {
  return retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
}
