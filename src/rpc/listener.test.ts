import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session, constants } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../telemetry/log.ts';
import { createListener, type Listener } from './listener.ts';
import { createListenerLimits, type ListenerLimits } from './listener-limits.ts';
import { answer, type NodeRequest, type NodeResponse, type RequestHandler } from './node-http.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

let listener: Listener;
let port: number;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(limits: Partial<ListenerLimits> = {}, handler: RequestHandler = ok): Promise<void> {
  const created = createListener({ handler, clock: systemClock, logger: silentLogger, limits });
  listener = created;
  ({ port } = await created.listen('127.0.0.1', 0));
  closers.push(() => created.close(0));
}

const ok: RequestHandler = (request, response) => answer(response, 200, {}, `HTTP/${request.httpVersion}`);

function tcp(): { socket: Socket; received: () => string; closed: Promise<void> } {
  const socket = connectTcp(port, '127.0.0.1');
  closers.push(() => socket.destroy());
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, received: () => text, closed };
}

function http2(): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  closers.push(() => session.destroy());
  session.on('error', () => undefined);
  return session;
}

async function get(session: ClientHttp2Session, headers: Record<string, string> = {}): Promise<string> {
  const stream = session.request({ ':path': '/', ...headers });
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(stream, 'end');
  return text;
}

/** A handler whose answers the test lets go. */
function held(): { handler: RequestHandler; release: () => void; waiting: () => number } {
  const open: [NodeRequest, NodeResponse][] = [];
  return {
    handler: (request, response) => open.push([request, response]),
    release: () => open.splice(0).forEach(([, response]) => answer(response, 200, {}, 'done')),
    waiting: () => open.length,
  };
}

const getRequest = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';

describe('one port', () => {
  test('speaks HTTP/1.1 and HTTP/2', async () => {
    await start();
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('HTTP/1.1');
    expect(await get(http2())).toBe('HTTP/2.0');
    expect(listener.connections()).toEqual({ h1: 1, h2: 1, sniffing: 0 });
  });

  test('recognises HTTP/2 although its preface comes byte by byte', async () => {
    await start();
    const { socket, received } = tcp();
    socket.setNoDelay(true);
    for (const byte of preface) await new Promise((resolve) => socket.write(byte, resolve));
    socket.write(emptySettings);
    // A SETTINGS frame of the server: length, then type 4.
    await vi.waitFor(() => expect(received().charCodeAt(3)).toBe(4));
    expect(listener.connections().h2).toBe(1);
  });

  test('recognises HTTP/1.1 that begins like the preface', async () => {
    await start();
    const { socket, received } = tcp();
    socket.write('P');
    await vi.waitFor(() => expect(listener.connections().sniffing).toBe(1));
    socket.write('OST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n');
    await vi.waitFor(() => expect(received()).toMatch(/^HTTP\/1\.1 200 OK/));
  });

  test('answers a client that closes its side right after the request', async () => {
    await start();
    const { socket, received } = tcp();
    socket.end(getRequest);
    await vi.waitFor(() => expect(received()).toMatch(/HTTP\/1\.1$/));
  });

  test('says in words that it cannot listen on a port that is taken', async () => {
    await start();
    const second = createListener({ handler: ok, clock: systemClock, logger: silentLogger });
    await expect(second.listen('127.0.0.1', port)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Cannot listen on 127\.0\.0\.1:\d+: another process listens .* --listen/,
      ) as string,
      metadata: { errno: 'EADDRINUSE' },
    });
  });
});

describe('connections that hold on to the hub', () => {
  test('one that says nothing is closed', async () => {
    await start({ sniffMs: 50 });
    const { closed } = tcp();
    await closed;
    await vi.waitFor(() => expect(listener.connections().sniffing).toBe(0));
  });

  test('one that says half a preface is closed', async () => {
    await start({ sniffMs: 50 });
    const { socket, closed } = tcp();
    socket.write('PRI * HT');
    await closed;
  });

  test('one that is reset before it said anything harms nobody', async () => {
    await start();
    const { socket } = tcp();
    await once(socket, 'connect');
    await vi.waitFor(() => expect(listener.connections().sniffing).toBe(1));
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(listener.connections().sniffing).toBe(0));
    expect(await get(http2())).toBe('HTTP/2.0');
  });

  test('HTTP/1.1 headers that do not end are 408: the server that never listens has its timers', async () => {
    await start({ headersMs: 50, requestMs: 100, timeoutCheckMs: 20 });
    const { socket, received, closed } = tcp();
    socket.write('GET / HTTP/1.1\r\nhost: loc');
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 408 Request Timeout/);
  });

  test('an HTTP/1.1 body that does not end is 408', async () => {
    await start({ headersMs: 50, requestMs: 100, timeoutCheckMs: 20 }, () => undefined);
    const { socket, closed } = tcp();
    socket.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc');
    await closed;
  });

  test('headers over the limit are 431 on HTTP/1.1', async () => {
    await start();
    const { socket, received, closed } = tcp();
    socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\nx-big: ${'x'.repeat(20_000)}\r\n\r\n`);
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large/);
  });

  test('headers over the limit are refused on HTTP/2', async () => {
    const seen: number[] = [];
    await start({}, (request, response) => {
      seen.push(1);
      ok(request, response);
    });
    const session = http2();
    // The limit holds from when the client has acknowledged it; until then HTTP/2's own 64 KiB do.
    await get(session);
    const stream = session.request({
      ':path': '/',
      ...Object.fromEntries(many(40, (i) => [`x-${i}`, 'x'.repeat(1000)])),
    });
    stream.on('error', () => undefined);
    stream.resume();
    await new Promise((resolve) => stream.once('close', resolve));
    expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(seen).toEqual([1]);
  });

  test('garbage is answered 400 and says what is spoken here', async () => {
    await start();
    const { socket, received, closed } = tcp();
    socket.write('\x16\x03\x01\x02\x00 hello TLS\r\n\r\n');
    await closed;
    expect(received()).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\n[^]*this port speaks gRPC \(HTTP\/2 without TLS\) and HTTP\/1\.1/,
    );
  });

  test('more connections than the limit are closed', async () => {
    await start({ connectionsMax: 1 });
    const first = http2();
    expect(await get(first)).toBe('HTTP/2.0');
    await tcp().closed;
    expect(await get(first)).toBe('HTTP/2.0');
  });

  test('an HTTP/2 peer that answers no ping is dropped', async () => {
    await start({ pingIntervalMs: 30, pingTimeoutMs: 50 });
    const { socket, closed } = tcp();
    // The settings are said and then nothing, not even an acknowledgement.
    socket.write(preface);
    socket.write(emptySettings);
    await closed;
    await vi.waitFor(() => expect(listener.connections().h2).toBe(0));
  });

  test('an HTTP/2 peer that answers pings stays', async () => {
    await start({ pingIntervalMs: 5, pingTimeoutMs: 5000 });
    const session = http2();
    let pings = 0;
    session.on('ping', () => (pings += 1));
    await vi.waitFor(() => expect(pings).toBeGreaterThan(5));
    expect(await get(session)).toBe('HTTP/2.0');
  });

  test('an HTTP/2 peer that ends its side is gone, and with it its calls', async () => {
    const { handler, waiting } = held();
    await start({}, handler);
    const { socket } = tcp();
    const session = connectHttp2(`http://127.0.0.1:${port}`, { createConnection: () => socket });
    closers.push(() => session.destroy());
    session.on('error', () => undefined);
    session.request({ ':path': '/' }).on('error', () => undefined);
    await vi.waitFor(() => expect(waiting()).toBe(1));
    socket.end();
    await vi.waitFor(() => expect(listener.connections().h2).toBe(0));
  });

  test('the HTTP/2 settings bound streams and headers', async () => {
    await start({ streamsPerConnectionMax: 7 });
    const session = http2();
    await once(session, 'remoteSettings');
    expect(session.remoteSettings).toMatchObject({ maxConcurrentStreams: 7, maxHeaderListSize: 16384 });
  });

  test('some resets are allowed', async () => {
    await start({ streamResetBurst: 20, streamResetRatePerSecond: 1 }, (request, response) => {
      if (request.url === '/fine') ok(request, response);
    });
    const session = http2();
    await once(session, 'connect');
    for (let count = 0; count < 15; count += 1) {
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => undefined).resume();
      await new Promise((resolve) => session.ping(resolve));
      stream.close(constants.NGHTTP2_CANCEL);
    }
    expect(await get(session, { ':path': '/fine' })).toBe('HTTP/2.0');
  });

  test('rapid resets end the connection', async () => {
    await start({ streamResetBurst: 20, streamResetRatePerSecond: 1 }, (request, response) => {
      if (request.url === '/fine') ok(request, response);
    });
    const session = http2();
    await once(session, 'connect');
    const gone = new Promise((resolve) => session.once('close', resolve));
    const reset = (): void => {
      if (session.destroyed || session.closed) return;
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => undefined);
      stream.once('close', reset);
      stream.resume();
      // The pong says that the server has seen the request; a reset before that is never sent.
      session.ping(() => stream.close(constants.NGHTTP2_CANCEL));
    };
    many(10, reset);
    await gone;
    expect(await get(http2(), { ':path': '/fine' })).toBe('HTTP/2.0');
  });
});

describe('close', () => {
  test('lets calls in flight finish on both protocols, with GOAWAY, and takes no new connections', async () => {
    const { handler, release, waiting } = held();
    await start({}, handler);
    const session = http2();
    const goaway = once(session, 'goaway');
    const h2Answer = get(session);
    const h1 = tcp();
    h1.socket.write(getRequest);
    await vi.waitFor(() => expect(waiting()).toBe(2));

    const closed = listener.close(10_000);
    await goaway;
    const late = tcp();
    await late.closed;
    release();
    expect(await h2Answer).toBe('done');
    await h1.closed;
    expect(h1.received()).toMatch(/^HTTP\/1\.1 200 OK[^]*connection: close[^]*done$/i);
    expect(await closed).toEqual({ forced: 0 });
  });

  test('closes idle connections of every kind at once', async () => {
    await start();
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
    await get(http2());
    tcp();
    await vi.waitFor(() => expect(listener.connections()).toEqual({ h1: 1, h2: 1, sniffing: 1 }));
    expect(await listener.close(60_000)).toEqual({ forced: 0 });
    expect(listener.connections()).toEqual({ h1: 0, h2: 0, sniffing: 0 });
  });

  test('an HTTP/1.1 answer that began before does not keep its connection open', async () => {
    let respond: NodeResponse | undefined;
    await start({}, (_request, response) => {
      respond = response;
      (response as ServerResponse).writeHead(200, { 'content-type': 'text/plain' }).write('begun ');
    });
    const { socket, received, closed } = tcp();
    socket.write(getRequest);
    await vi.waitFor(() => expect(received()).toContain('begun'));
    const done = listener.close(60_000);
    (respond as ServerResponse | undefined)?.end();
    await closed;
    expect(await done).toEqual({ forced: 0 });
  });

  test('cuts what is left when the grace ends, and says how much', async () => {
    const { handler, waiting } = held();
    await start({}, handler);
    const h1 = tcp();
    h1.socket.write(getRequest);
    const stream = http2().request({ ':path': '/' });
    stream.on('error', () => undefined);
    await vi.waitFor(() => expect(waiting()).toBe(2));
    expect(await listener.close(20)).toEqual({ forced: 2 });
    await h1.closed;
  });
});

test('every limit has a default above zero', () => {
  for (const [name, value] of Object.entries(createListenerLimits())) expect(value, name).toBeGreaterThan(0);
});

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_each, index) => make(index));
}
