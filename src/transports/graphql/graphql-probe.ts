import type { Clock } from '../../base/clock.ts';
import { exchange } from '../http/exchange.ts';
import type { HttpHost } from '../http/hosts.ts';
import { type HeaderPairs, mergedHeaders } from '../http/request-headers.ts';
import { verdictOf } from '../http/verdict.ts';
import type { Finding, ProbeOptions } from '../probes/finding.ts';
import type { TargetAddress } from '../target-address.ts';
import { acceptHeaders } from './graphql-headers.ts';
import { graphqlResultOf } from './graphql-verdict.ts';

/** Bytes of an answer that are read. */
const bodyBytesMax = 64 * 1024;
const body = '{"query":"{ __typename }"}';

/** Asks `{ __typename }`, which every GraphQL server can answer: alive when it does. */
export async function probeGraphql(
  {
    address,
    host,
    headers,
  }: { readonly address: TargetAddress; readonly host: HttpHost; readonly headers: HeaderPairs },
  { clock, deadlineMs, signal }: ProbeOptions & { readonly clock: Clock },
): Promise<Finding> {
  const evidence = await exchange(
    host.pool,
    {
      method: 'POST',
      path: address.basePath || '/',
      headers: mergedHeaders(acceptHeaders, [['user-agent', 'switchyard']], headers),
      body: Buffer.from(body),
    },
    { clock, deadlineMs, signal, bodyBytesMax, failing: host.failing },
  );
  const http = verdictOf(evidence, {
    shown: address.shown,
    nowMs: clock.now(),
    waitedFor: 'connection',
    bodyBytesMax,
  });
  const { result, data } = graphqlResultOf(http, {
    complete: evidence.end === 'complete',
    rejectedCodes: new Set(),
  });
  const answered = typeof data === 'object' && data !== null && '__typename' in data;
  return answered
    ? { alive: true, detail: `HTTP ${result.status}, answers queries` }
    : { alive: false, detail: result.verdict === 'OK' ? `${result.detail}: no __typename` : result.detail };
}
