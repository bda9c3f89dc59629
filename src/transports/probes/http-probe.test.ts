import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { HealthCheck, ProbeResult } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { type HttpTarget, startHttpTarget } from '../fixtures/http-server.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf } from '../fixtures/send.fixture.ts';
import { createProbes, type Probes } from './prober.ts';

const rest = [{ messageType: '*', operation: { method: 'GET', path: '/pets' }, repeatSafety: undefined }];

describe('the probe of an HTTP interface', () => {
  let api: HttpTarget;
  let probes: Probes;
  beforeEach(async () => {
    api = await startHttpTarget((response, { headers }) =>
      response.writeHead(headers['x-api-key'] === 's3cret' ? 200 : 401).end(),
    );
    probes = createProbes({
      clock: systemClock,
      egress: createEgress({ clock: systemClock }),
      secrets: fixedSecrets({ 'env:TOKEN': 's3cret' }),
      identities: fixedIdentities(),
    });
  });
  afterEach(async () => {
    await probes.close();
    await api.close();
  });
  const probe = (options: Parameters<typeof endpointOf>[2]): Promise<ProbeResult> =>
    probes.probe(endpointOf('HTTP', `http://127.0.0.1:${api.port}/base`, options), {
      deadlineMs: systemClock.now() + 5000,
      signal: new AbortController().signal,
    });

  test('sends the headers of its settings', async () => {
    const settings = { headers: { 'X-Api-Key': { secret_ref: 'env:TOKEN' } }, message_path: '/in' };
    expect(await probe({ settings })).toMatchObject({ alive: true, detail: 'HTTP 200' });
    expect(await probe({})).toMatchObject({ alive: false, detail: 'HTTP 401' });
    expect(api.seen[0]).toMatchObject({ path: '/base/health', headers: { 'x-api-key': 's3cret' } });
  });

  test('without the secret of its settings is not alive, and says why', async () => {
    const { alive, detail } = await probe({ settings: { headers: { a: { secret_ref: 'env:GONE' } } } });
    expect(alive).toBe(false);
    expect(detail).toContain('env:GONE');
    expect(api.accepted).toBe(0);
  });

  test.each<[string, Partial<HealthCheck>, string[]]>([
    ['opens a connection only', {}, []],
    ['asks for the path that its health check names', { path: '/status' }, ['/base/status']],
    ['asks over HTTP when told so', { kind: 'HTTP' }, ['/base/health']],
  ])('with routes %s', async (_, healthCheck, asked) => {
    const result = await probe({ routes: rest, healthCheck });
    expect(result.alive).toBe(asked.length === 0);
    expect(api.seen.map(({ path }) => path)).toEqual(asked);
  });
});
