import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { outcomeOf } from '../fixtures/outcome.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf, sendTo } from '../fixtures/send.fixture.ts';
import { secondCertificate, secondKey, testCertificate, testKey } from '../fixtures/tls.fixture.ts';
import { listen, type TestServer } from '../fixtures/wire-server.fixture.ts';
import { createProbes, type Probes } from '../probes/prober.ts';
import { createHttpTransport } from './http-transport.ts';

const first = { ca: testCertificate, cert: { secret_ref: 'file:cert' }, key: { secret_ref: 'file:key' } };
const second = { ca: testCertificate, cert: secondCertificate, key: { secret_ref: 'file:second.key' } };

describe('an interface with a TLS identity', () => {
  /** Files as they are now; a rotation changes them. */
  let files: Record<string, string>;
  let server: TestServer;
  let transport: Transport;
  let probes: Probes;
  beforeEach(async () => {
    files = { 'file:cert': testCertificate, 'file:key': testKey, 'file:second.key': secondKey };
    // Asks for a certificate and answers with the name on it.
    server = await listen(
      createServer(
        {
          cert: testCertificate,
          key: testKey,
          ca: [testCertificate, secondCertificate],
          requestCert: true,
          rejectUnauthorized: false,
        },
        (request, response) => {
          const { subject } = (
            request.socket as unknown as Pick<TLSSocket, 'getPeerCertificate'>
          ).getPeerCertificate();
          const name = (subject as { CN?: string } | undefined)?.CN ?? 'nobody';
          request.resume().once('end', () => response.writeHead(name === 'nobody' ? 401 : 200).end(name));
        },
      ),
    );
    const deps = {
      clock: systemClock,
      egress: createEgress({ clock: systemClock, extraCa: [testCertificate] }),
      secrets: fixedSecrets(files),
      identities: fixedIdentities(files),
    };
    probes = createProbes(deps);
    transport = createHttpTransport({ ...deps, prober: probes.probe });
  });
  afterEach(async () => {
    await transport.close();
    await probes.close();
    await server.close();
  });

  const uri = (): string => `https://localhost:${server.port}`;
  const send = (tls?: Record<string, unknown>): Promise<AttemptResult> =>
    sendTo(transport, uri(), { settings: tls === undefined ? {} : { tls } });
  const nameOf = async (tls?: Record<string, unknown>): Promise<string> =>
    Buffer.from((await send(tls)).reply?.data ?? []).toString();

  test('shows its certificate, and never another one on a shared connection', async () => {
    const names = [];
    for (const tls of [first, second, undefined, first, second, undefined]) names.push(await nameOf(tls));
    expect(names).toEqual(['localhost', 'hub-two', 'nobody', 'localhost', 'hub-two', 'nobody']);
    expect(server.accepted).toBe(3);
  });

  test('opens new connections when a file behind it changed', async () => {
    expect(await nameOf(first)).toBe('localhost');
    Object.assign(files, { 'file:cert': secondCertificate, 'file:key': secondKey });
    expect(await nameOf(first)).toBe('hub-two');
    expect(server.accepted).toBe(2);
  });

  test('lets go of the connections of every identity when its URI is forgotten', async () => {
    await Promise.all([send(first), send(second), send()]);
    transport.forget(uri());
    await expect.poll(() => server.open).toBe(0);
  });

  test.each([
    ['a key that does not fit', { ...first, key: { secret_ref: 'file:second.key' } }, /does not fit/],
    ['a file that is gone', { ...first, cert: { secret_ref: 'file:gone' } }, /file:gone/],
    ['no certificate in the file', { ca: { secret_ref: 'file:key' } }, /tls\.ca is not a certificate/],
  ])('with %s is misconfigured: nothing is sent, no probe succeeds', async (_, tls, detail) => {
    const result = await send(tls);
    expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'misconfigured', status: '' });
    expect(result.detail).toMatch(detail);
    expect(await probe({ tls })).toMatchObject({
      alive: false,
      detail: expect.stringMatching(detail) as string,
    });
    expect(server.accepted).toBe(0);
  });

  test('refuses a server that its own trust does not vouch for', async () => {
    expect(await send({ ca: secondCertificate })).toMatchObject({
      verdict: 'NOT_REACHED',
      reason: 'tls_failed',
    });
  });

  test('is probed with it', async () => {
    expect(await probe({ tls: second })).toMatchObject({ alive: true, detail: 'HTTP 200' });
    expect(await probe({})).toMatchObject({ alive: false, detail: 'HTTP 401' });
  });

  const probe = (settings: Record<string, unknown>) =>
    transport.probe(endpointOf('HTTP', uri(), { settings }), {
      deadlineMs: systemClock.now() + 5000,
      signal: new AbortController().signal,
    });
});
