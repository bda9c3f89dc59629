import { ServerCredentials } from '@grpc/grpc-js';
import { createSecureServer } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createAuthority } from '../fixtures/authority.fixture.ts';
import { fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf, sendTo, watchEgress, type WatchedEgress } from '../fixtures/send.fixture.ts';
import { startShop } from '../fixtures/shop.fixture.ts';
import { listen, type TestServer } from '../fixtures/wire-server.fixture.ts';
import { createProbes, type Probes } from '../probes/prober.ts';
import { createTlsIdentities } from '../tls-identity.ts';
import { createGrpcTransport } from './grpc-transport.ts';

const authority = createAuthority();
const server = authority.issue('server');
const client = authority.issue('client');
const other = authority.issue('other client');

const values: Record<string, string> = {
  'file:client.pem': client.cert,
  'file:client.key': client.key,
  'file:other.pem': other.cert,
  'file:other.key': other.key,
  'file:garbage': 'no PEM',
  ...named('expired', authority.issue('expired', { days: -1 })),
};

function named(name: string, { cert, key }: { cert: string; key: string }): Record<string, string> {
  return { [`file:${name}.pem`]: cert, [`file:${name}.key`]: key };
}

const showing = (name: string) => ({
  ca: authority.ca,
  cert: { secret_ref: `file:${name}.pem` },
  key: { secret_ref: `file:${name}.key` },
});

/** A gRPC server of bytes that says, by its trailers, whose certificate the call came with. */
function startMutual(minVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<TestServer> {
  const secure = createSecureServer({
    ...server,
    ca: authority.ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion,
    maxVersion: minVersion,
  });
  secure.on('stream', (stream) => {
    const { CN } = (stream.session?.socket as TLSSocket).getPeerCertificate().subject;
    stream.resume().once('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-client': String(CN) }));
      stream.end(Buffer.alloc(5));
    });
  });
  secure.on('session', (session) => session.on('error', () => undefined));
  return listen(secure);
}

describe('a gRPC interface over TLS', () => {
  let transport: Transport;
  let egress: WatchedEgress;
  let probes: Probes;
  beforeEach(() => {
    egress = watchEgress(systemClock);
    const secrets = fixedSecrets(values);
    const identities = createTlsIdentities({ secrets, clock: systemClock });
    probes = createProbes({ clock: systemClock, egress, secrets, identities });
    transport = createGrpcTransport({
      clock: systemClock,
      egress,
      prober: probes.probe,
      secrets,
      identities,
      descriptorSets: { get: () => undefined },
    });
  });
  afterEach(async () => {
    await transport.close();
    await probes.close();
  });

  const send = (
    { port }: { readonly port: number },
    tls: Record<string, unknown> | undefined,
    host = '127.0.0.1',
  ): Promise<AttemptResult> =>
    sendTo(transport, `grpcs://${host}:${port}`, {
      settings: tls === undefined ? {} : { tls },
      routes: [
        { messageType: '*', operation: { method: 'acme.shop.v1.Shop/Echo' }, repeatSafety: undefined },
      ],
      message: { contentType: 'application/protobuf', data: new Uint8Array() },
    });

  test('trusts the authority that it names', async () => {
    const credentials = ServerCredentials.createSsl(null, [
      { cert_chain: Buffer.from(server.cert), private_key: Buffer.from(server.key) },
    ]);
    await using shop = await startShop({ credentials });
    const result = await sendTo(transport, `grpcs://localhost:${shop.port}`, {
      settings: { tls: { ca: authority.ca } },
      routes: [
        { messageType: '*', operation: { method: 'acme.shop.v1.Shop/Echo' }, repeatSafety: undefined },
      ],
      message: { data: Buffer.from('{"note":"over TLS"}') },
    });
    expect(result.detail).toMatch(/OK$/);
    expect(Buffer.from(result.reply?.data ?? []).toString()).toBe('{"note":"over TLS"}');
    expect(await send(shop, undefined)).toMatchObject({ verdict: 'NOT_REACHED', reason: 'tls_failed' });
  });

  test('checks the server’s certificate against server_name when it is set', async () => {
    await using secure = await startMutual('TLSv1.3');
    const result = await send(secure, { ...showing('client'), server_name: 'other.example' });
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'tls_failed' });
    expect(result.detail).toContain('other.example');
    expect((await send(secure, { ...showing('client'), server_name: 'localhost' })).verdict).toBe('OK');
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'shows its certificate to a server that demands one, %s',
    async (version) => {
      await using secure = await startMutual(version);
      const result = await send(secure, showing('client'));
      expect(result).toMatchObject({ verdict: 'OK', reply: { headers: { 'x-client': 'client' } } });
      const without = await send(secure, { ca: authority.ca });
      expect(without).toMatchObject({ verdict: 'NOT_REACHED', reason: 'tls_failed' });
      expect(without.detail).toMatch(/certificate|handshake/i);
    },
  );

  test('shares a session among equal certificates only, and takes a renewed file for the next call', async () => {
    await using secure = await startMutual('TLSv1.3');
    const seen = async (name: string): Promise<unknown> =>
      (await send(secure, showing(name))).reply?.headers['x-client'];
    expect([await seen('client'), await seen('other'), await seen('client')]).toEqual([
      'client',
      'other client',
      'client',
    ]);
    expect(egress.sockets).toHaveLength(2);
    Object.assign(values, named('client', authority.issue('client, renewed')));
    expect(await seen('client')).toBe('client, renewed');
    expect(egress.sockets).toHaveLength(3);
    transport.forget(`grpcs://127.0.0.1:${secure.port}`);
    await expect.poll(() => secure.open).toBe(0);
  });

  test.each([
    [
      'a key of another certificate',
      { ...showing('client'), key: { secret_ref: 'file:other.key' } },
      /tls\.key does not fit tls\.cert/,
    ],
    ['an expired certificate', showing('expired'), /tls\.cert expired at 20/],
    [
      'a certificate that is none',
      { ...showing('client'), cert: { secret_ref: 'file:garbage' } },
      /tls\.cert is not a certificate/,
    ],
    ['an authority that is none', { ca: { secret_ref: 'file:garbage' } }, /tls\.ca is not a certificate/],
    ['a key that cannot be read', { ...showing('client'), key: { secret_ref: 'file:gone' } }, /file:gone/],
  ])('with %s is misconfigured, and connects nowhere', async (_, tls, text) => {
    await using secure = await startMutual('TLSv1.3');
    const result = await send(secure, tls);
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured', status: '' });
    expect(result.detail).toMatch(text);
    expect(secure.accepted).toBe(0);
  });

  test('is probed with the same certificate', async () => {
    await using secure = await startMutual('TLSv1.3');
    const probe = (tls: Record<string, unknown>) =>
      transport.probe(endpointOf('GRPC', `grpcs://127.0.0.1:${secure.port}`, { settings: { tls } }), {
        deadlineMs: systemClock.now() + 5000,
        signal: new AbortController().signal,
      });
    // An empty health answer is UNKNOWN: the server was reached.
    expect(await probe(showing('other'))).toMatchObject({ alive: false, detail: 'UNKNOWN' });
    expect((await probe({ ca: authority.ca })).detail).toMatch(/TLS failed/);
    expect((await probe(showing('expired'))).detail).toMatch(/tls\.cert expired/);
    expect((await probe({ nonsense: 1 })).detail).toMatch(/settings\.tls/);
  });
});
