import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { openCertificateShop, type TestCertificate } from '../security/certificates.fixture.ts';
import { silentLogger } from '../telemetry/log.ts';
import { createListener, type Listener } from './listener.ts';
import type { ListenerLimits } from './listener-limits.ts';
import type { ListenerTls } from './listener-tls.ts';
import { answer, type RequestHandler } from './node-http.ts';

const shop = openCertificateShop();
const server = shop.make();
const clientCa = shop.make({ cn: 'clients', ca: true });
const client = shop.make({ cn: 'alice', issuer: clientCa });
const stranger = shop.make({ cn: 'mallory' });
afterAll(() => shop[Symbol.dispose]());

let listener: Listener;
let port: number;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const ok: RequestHandler = (request, response) => answer(response, 200, {}, `HTTP/${request.httpVersion}`);

async function start(
  options: { limits?: Partial<ListenerLimits>; handler?: RequestHandler; tls?: Partial<ListenerTls> } = {},
): Promise<void> {
  const created = createListener({
    handler: options.handler ?? ok,
    clock: systemClock,
    logger: silentLogger,
    limits: options.limits ?? {},
    tls: { context: contextOf(server), clientAuth: 'none', ...options.tls },
  });
  listener = created;
  ({ port } = await created.listen('127.0.0.1', 0));
  closers.push(() => created.close(0));
}

function contextOf({ cert, key }: TestCertificate, ca?: string): ListenerTls['context'] {
  return { cert, key, ca, minVersion: 'TLSv1.2' };
}

function tcp(): { socket: Socket; received: () => string; closed: Promise<void> } {
  const socket = connectTcp(port, '127.0.0.1');
  closers.push(() => socket.destroy());
  return { socket, ...watched(socket) };
}

function watched(socket: Socket): { received: () => string; closed: Promise<void> } {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  return { received: () => text, closed: new Promise((resolve) => socket.once('close', () => resolve())) };
}

function tls(options: ConnectionOptions = {}): TLSSocket {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    ca: server.cert,
    servername: 'localhost',
    ...options,
  });
  closers.push(() => socket.destroy());
  socket.on('error', () => undefined);
  return socket;
}

function http2(options: ConnectionOptions = {}): ClientHttp2Session {
  const session = connectHttp2(`https://localhost:${port}`, {
    ca: server.cert,
    ...options,
    // The name may resolve to ::1 first.
    lookup: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  } as ConnectionOptions);
  closers.push(() => session.destroy());
  session.on('error', () => undefined);
  return session;
}

async function getOverHttp2(session: ClientHttp2Session): Promise<string> {
  const stream = session.request({ ':path': '/' });
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(stream, 'end');
  return text;
}

function getOverHttp1(options: object = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      { host: '127.0.0.1', port, ca: server.cert, agent: false, ...options },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      },
    );
    request.on('error', reject).end();
  });
}

const commonNameOf = (socket: TLSSocket): unknown => socket.getPeerCertificate().serialNumber;

describe('one port with TLS', () => {
  test('speaks HTTP/2 and HTTP/1.1, as the client chooses by ALPN', async () => {
    await start();
    expect(await getOverHttp2(http2())).toBe('HTTP/2.0');
    expect(await getOverHttp1()).toBe('HTTP/1.1');
    expect(listener.connections()).toMatchObject({ h2: 1, sniffing: 0 });
  });

  test('takes a client without ALPN for HTTP/1.1', async () => {
    await start();
    const socket = tls();
    const { received } = watched(socket);
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await vi.waitFor(() => expect(received()).toMatch(/HTTP\/1\.1$/));
    expect(socket.alpnProtocol).toBe(false);
  });

  test('ends the handshake of a client that offers other protocols only', async () => {
    await start();
    const socket = tls({ ALPNProtocols: ['spdy/3'] });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });

  test('takes no TLS below the least version', async () => {
    await start();
    const socket = tls({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/PROTOCOL_VERSION/);
  });

  test('refuses HTTP/1.1 without TLS in words', async () => {
    await start();
    const { socket, received, closed } = tcp();
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await closed;
    expect(received()).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\n[^]*This port speaks TLS only: use https:\/\//,
    );
  });

  test('refuses HTTP/2 without TLS with GOAWAY in words', async () => {
    await start();
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on('error', () => undefined);
    const [code, last, text] = (await once(session, 'goaway')) as [number, number, Buffer];
    expect({ code, last, text: text.toString() }).toMatchObject({
      code: 0xc,
      last: 0,
      text: expect.stringMatching(/^This port speaks TLS only/) as string,
    });
    session.destroy();
  });
});

describe('connections that hold on to a hub with TLS', () => {
  test('one that says nothing is closed', async () => {
    await start({ limits: { sniffMs: 50 } });
    await tcp().closed;
  });

  test('one that begins a handshake and does not go on is closed', async () => {
    await start({ limits: { sniffMs: 50 } });
    const { socket, closed } = tcp();
    // A handshake record that promises 512 bytes.
    socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
    await closed;
    await vi.waitFor(() => expect(listener.connections().sniffing).toBe(0));
  });

  test('one that sends nonsense for a handshake is closed and harms nobody', async () => {
    await start();
    const { socket, closed } = tcp();
    socket.write(Buffer.from([0x16, 3, 1, 0, 4, 9, 9, 9, 9]));
    await closed;
    expect(await getOverHttp1()).toBe('HTTP/1.1');
  });

  test('one that resets during the handshake harms nobody', async () => {
    await start();
    const { socket } = tcp();
    socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
    await vi.waitFor(() => expect(listener.connections().sniffing).toBe(1));
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(listener.connections().sniffing).toBe(0));
    expect(await getOverHttp2(http2())).toBe('HTTP/2.0');
  });

  test('one that does not finish its headers gets 408', async () => {
    await start({ limits: { headersMs: 50, timeoutCheckMs: 20 } });
    const socket = tls();
    const { received, closed } = watched(socket);
    socket.write('GET / HTTP/1.1\r\nhost: loc');
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 408/);
  });

  test('one that says nothing after the handshake is closed', async () => {
    await start({ limits: { headersMs: 50, timeoutCheckMs: 20 } });
    await watched(tls()).closed;
  });

  test('one with headers that are too large gets 431', async () => {
    await start({ limits: { headerBytesMax: 1024 } });
    const socket = tls();
    const { received, closed } = watched(socket);
    socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(2000)}\r\n\r\n`);
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 431/);
  });

  test('one HTTP/2 client that does not answer pings is dropped', async () => {
    await start({ limits: { pingIntervalMs: 30, pingTimeoutMs: 30 } });
    const socket = tls({ ALPNProtocols: ['h2'] });
    const { closed } = watched(socket);
    await vi.waitFor(() => expect(listener.connections().h2).toBe(1));
    await closed;
  });

  test('those beyond the bound are closed before their handshake', async () => {
    await start({ limits: { connectionsMax: 1 } });
    const session = http2();
    expect(await getOverHttp2(session)).toBe('HTTP/2.0');
    await expect(getOverHttp1()).rejects.toThrow();
    expect(await getOverHttp2(session)).toBe('HTTP/2.0');
  });
});

describe('draining with TLS', () => {
  test('lets requests in flight finish, and ends idle connections and handshakes at once', async () => {
    let release: (() => void) | undefined;
    await start({
      handler: (request, response) => {
        release = () => ok(request, response);
      },
    });
    const idle = watched(tls({ ALPNProtocols: ['http/1.1'] }));
    const handshaking = tcp();
    handshaking.socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
    const inFlight = getOverHttp2(http2());
    await vi.waitFor(() => expect(release).toBeDefined());
    await vi.waitFor(() => expect(listener.connections()).toEqual({ h1: 1, h2: 1, sniffing: 1 }));
    const closing = listener.close(5000);
    await Promise.all([idle.closed, handshaking.closed]);
    release?.();
    expect(await inFlight).toBe('HTTP/2.0');
    expect(await closing).toEqual({ forced: 0 });
  });

  test('cuts what does not finish within the grace', async () => {
    await start({ handler: () => undefined });
    const stuck = getOverHttp1().catch((error: unknown) => error);
    await vi.waitFor(() => expect(listener.connections().h1).toBe(1));
    expect(await listener.close(20)).toEqual({ forced: 1 });
    expect(await stuck).toBeInstanceOf(Error);
  });
});

describe('certificates', () => {
  test('new ones are for new connections; those that are open go on with theirs', async () => {
    await start();
    const other = shop.make();
    const before = http2();
    expect(await getOverHttp2(before)).toBe('HTTP/2.0');
    listener.setTlsContext(contextOf(other));
    expect(await getOverHttp2(before)).toBe('HTTP/2.0');
    const after = tls({ ca: other.cert });
    await once(after, 'secureConnect');
    expect(commonNameOf(after)).not.toBe(commonNameOf(before.socket as TLSSocket));
    expect(after.authorized).toBe(true);
  });

  test.each([
    ['none', undefined, 'none was shown'],
    ['one of a stranger', stranger, 'the one shown is not trusted, DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('a client that must show one is refused with %s, and somebody is told why', async (_, shown, why) => {
    const refused: string[] = [];
    await start({
      tls: {
        context: contextOf(server, clientCa.cert),
        clientAuth: 'require',
        onCertificateRefused: (address, cause) => refused.push(`${address}: ${cause}`),
      },
    });
    expect(await getOverHttp1(shown ?? {})).toMatch(`(tls.client_auth: require): ${why}.`);
    const session = http2(shown ?? {});
    const [code, , text] = (await once(session, 'goaway')) as [number, number, Buffer];
    expect([code, text.toString()]).toEqual([0xc, expect.stringContaining(why)]);
    expect(refused).toEqual([`127.0.0.1: ${why}`, `127.0.0.1: ${why}`]);
    expect(await getOverHttp1(client)).toBe('HTTP/1.1');
  });

  test.each([
    ['none', undefined, 'none was shown'],
    ['one of a stranger', stranger, 'not trusted'],
  ])(
    'a resumed session does not stand for a certificate: with %s it is refused again',
    async (_, shown, why) => {
      await start({ tls: { context: contextOf(server, clientCa.cert), clientAuth: 'require' } });
      const first = tls({ ...shown });
      let session: Buffer | undefined;
      first.on('session', (ticket: Buffer) => (session = ticket));
      await watched(first).closed;
      expect(session).toBeDefined();
      const second = tls({ ...shown, session: session! });
      const { received, closed } = watched(second);
      await once(second, 'secureConnect');
      expect(second.isSessionReused()).toBe(true);
      await closed;
      expect(received()).toMatch(why);
    },
  );

  test('the request of a client that is only asked comes in either way', async () => {
    const seen: unknown[] = [];
    await start({
      tls: { context: contextOf(server, clientCa.cert), clientAuth: 'request' },
      handler: (request, response) => {
        seen.push((request.socket as TLSSocket).authorized);
        ok(request, response);
      },
    });
    await getOverHttp1(client);
    await getOverHttp1();
    await getOverHttp1(stranger);
    expect(seen).toEqual([true, false, false]);
  });
});
