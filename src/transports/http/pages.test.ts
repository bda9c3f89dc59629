import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { type HttpRequestSeen, type HttpTarget, startHttpTarget } from '../fixtures/http-server.fixture.ts';
import { outcomeOf } from '../fixtures/outcome.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { sendTo } from '../fixtures/send.fixture.ts';
import { createHttpTransport } from './http-transport.ts';
import { apiToken, startRestApi } from './rest-api.fixture.ts';

const byCursor = { kind: 'cursor', cursor: 'body.next', parameter: 'after', items: 'body.data' };
const byPage = { kind: 'page', parameter: 'page' };
const byLink = { kind: 'link' };

describe('pages of a list', () => {
  let api: HttpTarget;
  let transport: Transport;
  beforeEach(async () => {
    api = await startRestApi();
    transport = createHttpTransport({
      clock: systemClock,
      egress: createEgress({ clock: systemClock }),
      prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
      secrets: fixedSecrets({ 'env:TOKEN': apiToken }),
      identities: fixedIdentities(),
    });
  });
  afterEach(async () => {
    await transport.close();
    await api.close();
  });

  const list = (
    path: string,
    pagination: Record<string, unknown>,
    {
      to = api,
      withinMs = 10_000,
      ...fields
    }: Record<string, unknown> & { to?: HttpTarget; withinMs?: number } = {},
  ): Promise<AttemptResult> =>
    sendTo(transport, `http://127.0.0.1:${to.port}`, {
      withinMs,
      settings: { headers: { 'X-Api-Key': { secret_ref: 'env:TOKEN' } } },
      routes: [
        {
          messageType: '*',
          operation: { method: 'GET', path, pagination, ...fields },
          repeatSafety: undefined,
        },
      ],
    });
  const itemsOf = ({ reply }: AttemptResult): { id: number }[] =>
    JSON.parse(Buffer.from(reply?.data ?? []).toString()) as { id: number }[];
  const start = (answer: (response: ServerResponse, request: HttpRequestSeen, number: number) => void) =>
    startHttpTarget((response, request, number) => {
      response.setHeader('content-type', 'application/json');
      answer(response, request, number);
    });

  test.each([
    ['cursor', '/by-cursor', byCursor, {}, ['', '?after=10', '?after=20']],
    ['page', '/by-page', byPage, {}, ['?page=1', '?page=2', '?page=3', '?page=4']],
    [
      'page with a size',
      '/by-page',
      { ...byPage, size: 10 },
      { query: { per_page: 10 } },
      ['?per_page=10&page=1', '?per_page=10&page=2', '?per_page=10&page=3'],
    ],
    ['link', '/by-link', byLink, {}, ['', '?page=2&size=10', '?page=3&size=10']],
  ])('by %s are collected into one list', async (_, path, pagination, fields, asked) => {
    const result = await list(path, pagination, fields);
    expect(result).toMatchObject({ verdict: 'OK', reason: 'ok', reply: { contentType: 'application/json' } });
    expect(itemsOf(result).map(({ id }) => id)).toEqual(
      Array.from({ length: 25 }, (_item, index) => index + 1),
    );
    expect(api.seen.map((seen) => seen.path)).toEqual(asked.map((query) => path + query));
    expect(result.reply?.headers).toMatchObject({ 'switchyard-pages': String(asked.length) });
    for (const name of ['switchyard-truncated', 'link', 'etag'])
      expect(result.reply?.headers).not.toHaveProperty(name);
  });

  test('are mapped by the reply over items and pages', async () => {
    const reply = '{"count": $count(items), "first": items[0].name, "pages": pages, "cut": truncated}';
    const result = await list('/by-cursor', { ...byCursor, max_pages: 2 }, { reply });
    expect(itemsOf(result)).toEqual({ count: 20, first: 'pet 1', pages: 2, cut: 'pages' });
  });

  test.each([
    ['pages', byCursor, { max_pages: 2 }, 20],
    ['items', byCursor, { max_items: 13 }, 13],
    ['pages', byLink, { max_pages: 1 }, 10],
  ])('that exceed the bound of %s say so', async (bound, pagination, limit, count) => {
    const result = await list(pagination === byLink ? '/by-link' : '/by-cursor', { ...pagination, ...limit });
    expect(itemsOf(result)).toHaveLength(count);
    expect(result.reply?.headers).toMatchObject({ 'switchyard-truncated': bound });
  });

  test('that just meet the bounds do not', async () => {
    const result = await list('/by-cursor', { ...byCursor, max_pages: 3, max_items: 25 });
    expect(result.reply?.headers).not.toHaveProperty('switchyard-truncated');
  });

  test('that exceed 3 MiB together say so, and end', async () => {
    const item = 'x'.repeat(1_000_000);
    await using large = await start((response) => response.end(JSON.stringify([item])));
    const result = await list('/', { kind: 'page', parameter: 'p' }, { to: large });
    expect(itemsOf(result)).toHaveLength(3);
    expect(result.reply?.headers).toMatchObject({ 'switchyard-truncated': 'bytes', 'switchyard-pages': '4' });
  });

  test('that are empty give an empty list', async () => {
    await using empty = await start((response) => response.end('{"data": [], "next": null}'));
    expect(itemsOf(await list('/', byCursor, { to: empty }))).toEqual([]);
  });

  test('keep numbers that no double holds', async () => {
    await using exact = await start((response) => response.end('{"data": [{"id": 12345678901234567890}]}'));
    const { reply } = await list('/', byCursor, { to: exact });
    expect(Buffer.from(reply?.data ?? []).toString()).toBe('[{"id":12345678901234567890}]');
  });

  test.each([
    [404, 'REJECTED', 'rejected'],
    [429, 'NOT_EXECUTED', 'rate_limited'],
    [500, 'MAY_HAVE_ACTED', 'target_error'],
  ])('fail as the page that answers %i', async (status, verdict, reason) => {
    await using failing = await start((response, _, number) => {
      if (number === 2) response.writeHead(status).end('{"error": 1}');
      else response.end('{"data": [1], "next": "n"}');
    });
    const result = await list('/', byCursor, { to: failing });
    expect(outcomeOf(result)).toEqual({ verdict, reason, status: String(status) });
    expect(result.detail).toContain('page 2: ');
    expect(failing.seen).toHaveLength(2);
  });

  test('go on when the interface is registered anew meanwhile', async () => {
    await using list3 = await start((response, _, number) => {
      transport.forget(`http://127.0.0.1:${list3.port}`);
      response.end(JSON.stringify({ data: [number], next: number < 3 ? String(number) : null }));
    });
    expect(itemsOf(await list('/', byCursor, { to: list3 }))).toEqual([1, 2, 3]);
  });

  test('that were given out stay so when a later one is not reached', async () => {
    let closed: Promise<void> | undefined;
    const gone = await start((response) => {
      response.setHeader('connection', 'close').end('{"data": [1], "next": "n"}');
      closed = gone.close();
    });
    const result = await list('/', byCursor, { to: gone });
    await closed;
    expect(outcomeOf(result)).toEqual({ verdict: 'MAY_HAVE_ACTED', reason: 'connect_refused', status: '' });
    expect(result.detail).toContain('page 2: ');
  });

  test('end at the deadline of the attempt', async () => {
    await using stuck = await start((response, _, number) => {
      if (number < 3) response.end(`{"data": [1], "next": "${number}"}`);
    });
    const result = await list('/', byCursor, { to: stuck, withinMs: 400 });
    expect(outcomeOf(result)).toEqual({ verdict: 'MAY_HAVE_ACTED', reason: 'timeout', status: '' });
    expect(stuck.seen).toHaveLength(3);
  });

  test.each([
    ['another host', 'http://127.0.0.2:1/next', /127\.0\.0\.2/],
    ['another scheme', 'https://127.0.0.1/next', /https:/],
    ['a host without a scheme', '//evil.example/next', /evil\.example/],
    ['nonsense', 'http://[', /no URI/],
  ])('are not followed to %s: credentials stay on the origin', async (_, link, detail) => {
    await using linking = await start((response) => {
      response.setHeader('link', `<${link}>; rel="next"`).end('[1]');
    });
    const result = await list('/', byLink, { to: linking });
    expect(outcomeOf(result)).toEqual({ verdict: 'OK', reason: 'bad_reply', status: '200' });
    expect(result.detail).toMatch(detail);
    expect(linking.seen).toHaveLength(1);
  });

  test('are followed by a whole URI of the same origin, relative to the page', async () => {
    await using linking = await start((response, { path }, number) => {
      if (number === 1) response.setHeader('link', `<http://127.0.0.1:${linking.port}/a/b?x=1>; rel=next`);
      if (number === 2) response.setHeader('link', '<c>; rel=next');
      response.end(JSON.stringify([path]));
    });
    expect(itemsOf(await list('/', byLink, { to: linking }))).toEqual(['/', '/a/b?x=1', '/a/c']);
  });

  test.each([
    ['the same cursor again', byCursor, '{"data": [1], "next": "same"}', /gave before/],
    ['a cursor that is no text', byCursor, '{"data": [1], "next": {}}', /a cursor is one text/],
    ['a body that is no list', byPage, '{"data": [1]}', /no list/],
    ['no JSON', byCursor, '<html>', /is not: /],
    ['items that fail', { ...byCursor, items: 'body.data + 1' }, '{"data": "x"}', /pagination\.items: /],
  ])('with %s are a bad reply', async (_, pagination, body, detail) => {
    await using odd = await start((response) => response.end(body));
    const result = await list('/', pagination, { to: odd });
    expect(outcomeOf(result)).toEqual({ verdict: 'OK', reason: 'bad_reply', status: '200' });
    expect(result.detail).toMatch(detail);
    expect(odd.seen.length).toBeLessThanOrEqual(2);
  });
});
