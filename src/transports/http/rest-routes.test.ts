import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { Message } from '../../base/message.ts';
import type { Route } from '../../base/route.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { type HttpRequestSeen, type HttpTarget, startHttpTarget } from '../fixtures/http-server.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { sendTo } from '../fixtures/send.fixture.ts';
import { outcomeOf } from '../fixtures/outcome.fixture.ts';
import { createHttpTransport } from './http-transport.ts';
import { apiToken, startRestApi } from './rest-api.fixture.ts';

const secrets = { 'env:API_TOKEN': apiToken, 'env:ODD': 's3cret pa/rt', 'file:folded': 'a\r\nx-injected: 1' };
const settings = { headers: { 'X-Api-Key': { secret_ref: 'env:API_TOKEN' } } };

describe('a route to a REST API', () => {
  let api: HttpTarget;
  let transport: Transport;
  beforeEach(async () => {
    api = await startRestApi();
    transport = createHttpTransport({
      clock: systemClock,
      egress: createEgress({ clock: systemClock }),
      prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
      secrets: fixedSecrets(secrets),
      identities: fixedIdentities(secrets),
    });
  });
  afterEach(async () => {
    await transport.close();
    await api.close();
  });

  const call = (
    operation: Record<string, unknown>,
    payload: unknown = {},
    {
      to = api,
      using = settings,
      path = '',
      ...message
    }: Partial<Message> & { to?: HttpTarget; using?: Record<string, unknown>; path?: string } = {},
  ): Promise<AttemptResult> =>
    sendTo(transport, `http://127.0.0.1:${to.port}${path}`, {
      settings: using,
      routes: [{ messageType: '*', operation, repeatSafety: undefined }],
      message: { data: Buffer.from(JSON.stringify(payload)), ...message },
    });
  const bodyOf = ({ reply }: AttemptResult): unknown =>
    JSON.parse(Buffer.from(reply?.data ?? []).toString()) as unknown;
  /** What the API saw of a call that it has no own answer for. */
  const seenOf = async (...args: Parameters<typeof call>): Promise<HttpRequestSeen> => {
    const result = await call(...args);
    expect(result.detail).toContain('HTTP 200');
    return api.seen.at(-1)!;
  };

  test('asks with the secret header, and gives the body byte by byte', async () => {
    await using exact = await startHttpTarget((response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{ "big": 12345678901234567890 }'),
    );
    expect(bodyOf(await call({ method: 'GET', path: '/pets/{id}' }, { id: 7 }))).toEqual({
      id: 7,
      name: 'pet 7',
    });
    const { reply } = await call({ method: 'GET', path: '/' }, {}, { to: exact });
    expect(Buffer.from(reply?.data ?? []).toString()).toBe('{ "big": 12345678901234567890 }');
    expect(exact.seen[0]).toMatchObject({ headers: { 'x-api-key': apiToken } });
    expect(exact.seen[0]!.headers).not.toHaveProperty('x-message-id');
  });

  test.each([
    [{ method: 'GET', path: '/pets/{id}' }, 'REJECTED', 'rejected', '404'],
    [{ method: 'GET', path: '/pets/{id}', success: [200, 404] }, 'OK', 'ok', '404'],
    [{ method: 'GET', path: '/pets/{id}', not_executed: [404] }, 'NOT_EXECUTED', 'not_executed', '404'],
    [{ method: 'GET', path: '/busy' }, 'MAY_HAVE_ACTED', 'unavailable', '503'],
    [{ method: 'GET', path: '/busy', not_executed: [503] }, 'NOT_EXECUTED', 'not_executed', '503'],
    [{ method: 'GET', path: '/busy', rejected: ['5xx'] }, 'REJECTED', 'rejected', '503'],
    [{ method: 'GET', path: '/any', success: [201] }, 'MAY_HAVE_ACTED', 'target_error', '200'],
    [{ method: 'DELETE', path: '/pets/1', success: ['2xx'] }, 'OK', 'ok', '204'],
  ])('%j ends %s, %s', async (operation, verdict, reason, status) => {
    const result = await call(operation, { id: 99 });
    expect(outcomeOf(result)).toMatchObject({ verdict, reason, status });
    expect(result.reply?.status).toBe(status);
  });

  test('gives a refusal with the body that explains it, although the route maps replies', async () => {
    const result = await call({ method: 'GET', path: '/pets/{id}', reply: 'body.name' }, { id: 'x' });
    expect(result.verdict).toBe('REJECTED');
    expect(bodyOf(result)).toEqual({ error: { code: 'no_such_pet', message: 'no pet x' } });
  });

  test('tells no secret of its query, though the target repeats it', async () => {
    await using moved = await startHttpTarget((response, { path }) =>
      response
        .writeHead(path.startsWith('/new') ? 200 : 301, {
          location: `https://api.example${path}`,
          link: `<${path}&page=2>; rel="next"`,
          'content-type': 'application/json',
        })
        .end('[]'),
    );
    const query = { key: { secret_ref: 'env:ODD' }, q: 'x' };
    for (const [path, more] of [
      ['/old', {}],
      ['/new', {}],
      ['/new', { reply: 'headers.location' }],
      ['/new', { pagination: { kind: 'page', parameter: 'p' } }],
    ] as const) {
      const result = await call({ method: 'GET', path, query, ...more }, {}, { to: moved });
      const told = JSON.stringify([result, Buffer.from(result.reply?.data ?? []).toString()]);
      expect(told).toContain('***');
      for (const text of ['s3cret', 'pa/rt']) expect(told).not.toContain(text);
    }
    expect(moved.seen[0]?.path).toBe('/old?key=s3cret%20pa%2Frt&q=x');
  });

  describe('builds a request', () => {
    test('whose query leaves absent values out, repeats lists and escapes the rest', async () => {
      const { path } = await seenOf(
        {
          method: 'GET',
          path: '/find',
          query: {
            q: '{text}',
            tag: '{tags}',
            gone: '{gone}',
            both: '{text}-{gone}',
            limit: 50,
            when: { expression: '$uppercase(payload.tags[0])' },
            none: { expression: 'payload.gone' },
            key: { secret_ref: 'env:API_TOKEN' },
            'a b&c': 'x',
          },
        },
        { text: 'a&b=c#d é', tags: ['x', 'y'] },
      );
      expect(path).toBe(
        `/find?q=a%26b%3Dc%23d%20%C3%A9&tag=x&tag=y&limit=50&when=X&key=${apiToken}&a%20b%26c=x`,
      );
    });

    test('under the base path of the URI', async () => {
      const seen = await seenOf({ method: 'GET', path: '/find' }, {}, { path: '/v2/' });
      expect(seen.path).toBe('/v2/find');
    });

    test('with headers of the route over those of the settings, and none of the message', async () => {
      const { headers } = await seenOf(
        {
          method: 'POST',
          path: '/any',
          headers: {
            Accept: 'text/csv',
            'x-tenant': '{tenant}',
            'X-Upper': { expression: '$uppercase(payload.tenant)' },
            'x-none': { expression: 'payload.gone' },
            authorization: { secret_ref: 'env:API_TOKEN', prefix: 'Bearer ' },
            'user-agent': 'mine',
          },
        },
        { tenant: 'blue' },
        {
          using: { headers: { ...settings.headers, accept: 'x/y', 'x-all': 'yes' } },
          headers: { authorization: 'forged', 'x-api-key': 'forged', 'x-other': 'forged' },
        },
      );
      expect(headers).toMatchObject({
        accept: 'text/csv',
        'x-tenant': 'blue',
        'x-upper': 'BLUE',
        authorization: `Bearer ${apiToken}`,
        'user-agent': 'mine',
        'x-all': 'yes',
        'x-api-key': apiToken,
        'idempotency-key': 'msg-1',
        'content-type': 'application/json',
      });
      expect(headers).not.toHaveProperty('x-none');
      expect(headers).not.toHaveProperty('x-other');
    });

    test.each([
      ['the payload as it came', {}, '{ "a": 1.0 }', 'application/json'],
      [
        'JSON',
        { body: '{"name": payload.a, "by": message.source}' },
        '{"name":1,"by":"orders"}',
        'application/json',
      ],
      [
        'a form',
        { body: '{"a": [1, 2], "b": "x y&z", "c": null}', body_type: 'form' },
        'a=1&a=2&b=x+y%26z',
        'application/x-www-form-urlencoded',
      ],
      ['the payload as a form', { body_type: 'form' }, 'a=1', 'application/x-www-form-urlencoded'],
      ['text', { body: '"a is " & payload.a', body_type: 'text' }, 'a is 1', 'text/plain; charset=utf-8'],
      ['nothing', { body: false }, '', undefined],
    ])('whose body is %s', async (_, fields, body, contentType) => {
      const seen = await seenOf({ method: 'PUT', path: '/any', ...fields }, undefined, {
        data: Buffer.from('{ "a": 1.0 }'),
      });
      expect(seen.body.toString()).toBe(body);
      expect(seen.headers['content-type']).toBe(contentType);
    });

    test('whose mapped body keeps a number that no double holds', async () => {
      const seen = await seenOf({ method: 'POST', path: '/any', body: '{"id": payload.id}' }, undefined, {
        data: Buffer.from('{"id":12345678901234567890}'),
      });
      expect(seen.body.toString()).toBe('{"id":12345678901234567890}');
    });

    test('whose body is bytes that are no JSON, untouched', async () => {
      const data = Buffer.from([0, 255, 13, 10]);
      const seen = await seenOf({ method: 'POST', path: '/any' }, undefined, {
        data,
        contentType: 'image/png',
      });
      expect([seen.body.equals(data), seen.headers['content-type']]).toEqual([true, 'image/png']);
    });

    test('without a body for a GET', async () => {
      const seen = await seenOf({ method: 'GET', path: '/any' }, { a: 1 });
      expect(seen.body).toHaveLength(0);
      expect(seen.headers).not.toHaveProperty('content-type');
      expect(seen.headers).not.toHaveProperty('idempotency-key');
    });

    test('and takes the announced length of a HEAD for no body', async () => {
      await using large = await startHttpTarget((response) =>
        response.writeHead(200, { 'content-length': '99999999' }).end(),
      );
      expect(await call({ method: 'HEAD', path: '/' }, {}, { to: large })).toMatchObject({ verdict: 'OK' });
    });
  });

  describe('sends nothing', () => {
    test.each([
      [
        'a value of the path is missing',
        { method: 'GET', path: '/pets/{id}' },
        {},
        /path: the value of \{id\}/,
      ],
      [
        'a value leaves the path',
        { method: 'GET', path: '/pets/{id}' },
        { id: '..' },
        /path: the value of \{id\}/,
      ],
      [
        'a header would break its line',
        { method: 'GET', path: '/', headers: { 'x-a': '{a}' } },
        { a: 'b\r\nx-injected: 1' },
        /headers\.x-a: .*cannot carry/,
      ],
      [
        'an expression gives a header a line break',
        { method: 'GET', path: '/', headers: { 'X-A': { expression: '"a\\nb"' } } },
        {},
        /headers\.x-a: .*cannot carry/,
      ],
      [
        'a header is missing',
        { method: 'GET', path: '/', headers: { 'if-match': '{etag}' } },
        {},
        /\{etag\} is missing/,
      ],
      ['a body gives nothing', { method: 'POST', path: '/', body: 'payload.gone' }, {}, /body: .*nothing/],
      ['a body fails', { method: 'POST', path: '/', body: 'payload.a + 1' }, { a: 'x' }, /body: /],
      ['a query is an object', { method: 'GET', path: '/', query: { q: '{o}' } }, { o: {} }, /query\.q: /],
      [
        'a query is too long',
        { method: 'GET', path: '/', query: { q: '{o}' } },
        { o: 'x'.repeat(20_000) },
        /query: /,
      ],
    ])('when %s', async (_, operation, payload, detail) => {
      const result = await call(operation, payload);
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'mapping_failed', status: '' });
      expect(result.detail).toMatch(detail);
      expect(api.accepted).toBe(0);
    });

    test('when the content type of the payload would break its line', async () => {
      const result = await call(
        { method: 'POST', path: '/' },
        {},
        { contentType: 'text/plain\r\nx-injected: 1' },
      );
      expect(outcomeOf(result)).toMatchObject({ verdict: 'NOT_REACHED', reason: 'mapping_failed' });
    });

    test('when no route takes the type', async () => {
      const result = await sendTo(transport, `http://127.0.0.1:${api.port}`, {
        routes: [{ messageType: 'pets.*', operation: { method: 'GET', path: '/' }, repeatSafety: undefined }],
      });
      expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'mapping_failed' });
      expect(result.detail).toContain('data_request');
    });

    test.each([
      [{ headers: { 'x-a': { secret_ref: 'env:GONE' } } }, {}, /env:GONE/],
      [{ headers: { 'x-a': { secret_ref: 'file:folded' } } }, {}, /header x-a/],
      [{}, { headers: { 'x-a': { secret_ref: 'file:folded' } } }, /header x-a/],
      [{}, { query: { key: { secret_ref: 'env:GONE' } } }, /env:GONE/],
    ])('when a secret of %j or %j cannot be used, and tells no value', async (using, fields, detail) => {
      const result = await call({ method: 'GET', path: '/', ...fields }, {}, { using });
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'misconfigured', status: '' });
      expect(result.detail).toMatch(detail);
      expect(result.detail).not.toContain('injected');
      expect(api.accepted).toBe(0);
    });
  });

  describe('maps the reply', () => {
    test('over status, headers and body', async () => {
      const result = await call(
        {
          method: 'POST',
          path: '/pets',
          reply: '{"pet": body.id, "at": headers.location, "status": status}',
        },
        { name: 'Rex' },
      );
      expect(result).toMatchObject({
        verdict: 'OK',
        reason: 'ok',
        reply: { contentType: 'application/json' },
      });
      expect(bodyOf(result)).toEqual({ pet: 26, at: '/pets/26', status: 201 });
    });

    test.each([
      ['an expression that fails', { path: '/pets/1', reply: 'body.name + 1' }, /reply: /],
      ['an expression that gives nothing', { path: '/pets/1', reply: 'body.gone' }, /gives nothing/],
      ['a body that is not the JSON that it says', { path: '/broken', reply: 'body' }, /is not: /],
      ['JSON that is not UTF-8', { path: '/latin', reply: 'body' }, /is not UTF-8/],
    ])('%s leaves no reply; the target acted', async (_, fields, detail) => {
      const result = await call({ method: 'GET', ...fields });
      expect(outcomeOf(result)).toEqual({ verdict: 'OK', reason: 'bad_reply', status: '200' });
      expect(result.detail).toMatch(detail);
      expect(result).not.toHaveProperty('reply');
    });
  });

  test('says what sending twice does by its method', () => {
    const safety = (method: string) => transport.routeRepeatSafety?.({ method, path: '/' });
    expect(['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH'].map(safety)).toEqual([
      'SAFE',
      'SAFE',
      'IDEMPOTENT',
      'IDEMPOTENT',
      'UNSAFE',
      'UNSAFE',
    ]);
    expect(transport.routeRepeatSafety?.({ envelope: 'switchyard' })).toBeUndefined();
  });

  test('is forgotten when the interface is registered anew with another', async () => {
    await call({ method: 'GET', path: '/one' });
    await call({ method: 'GET', path: '/two' });
    await call({ method: 'GET', path: '/one' });
    expect(api.seen.map(({ path }) => path)).toEqual(['/one', '/two', '/one']);
  });

  test('chooses the most exact route, and sends the rest in an envelope', async () => {
    const routes = [
      { messageType: '*', operation: { envelope: 'switchyard' }, repeatSafety: undefined },
      { messageType: 'pets.*', operation: { method: 'GET', path: '/prefix' }, repeatSafety: undefined },
      { messageType: 'pets.get', operation: { method: 'GET', path: '/exact' }, repeatSafety: undefined },
    ];
    for (const type of ['pets.get', 'pets.list', 'audit'])
      await sendTo(transport, `http://127.0.0.1:${api.port}`, { settings, routes, message: { type } });
    expect(api.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /exact',
      'GET /prefix',
      'POST /api/v1/messages',
    ]);
    expect(api.seen[2]!.headers['x-api-key']).toBe(apiToken);
  });

  test('tells the target how many attempts went before', async () => {
    const routes: Route[] = [
      { messageType: '*', operation: { method: 'POST', path: '/any' }, repeatSafety: undefined },
    ];
    for (const attempt of [1, 2, 3])
      await sendTo(transport, `http://127.0.0.1:${api.port}`, { attempt, routes });
    expect(api.seen.map(({ headers }) => headers['x-previous-attempts'])).toEqual([undefined, '1', '2']);
  });

  describe('is refused at registration', () => {
    const check = (
      operation: Record<string, unknown>,
      more: Record<string, unknown> = {},
      uri = 'http://a:1',
    ) =>
      transport
        .checkEndpoint({
          uri,
          settings: more,
          routes: [
            { messageType: 'ok', operation: { method: 'GET', path: '/' }, repeatSafety: undefined },
            { messageType: 'x', operation, repeatSafety: undefined },
          ],
        })
        .map(({ path, message }) => `${path}: ${message}`);
    const get = { method: 'GET', path: '/' };

    test('not when it is good', () => {
      expect(check({ ...get, query: { q: '{a}' }, reply: 'body' }, settings)).toEqual([]);
      expect(check({ envelope: 'cloudevents-binary' }, { envelope: 'cloudevents-structured' })).toEqual([]);
      expect(check(get, { tls: { server_name: 'x' } }, 'https://a')).toEqual([]);
    });

    test.each<[Record<string, unknown>, RegExp]>([
      [{ path: '/' }, /^routes\[1\]\.operation\.method: /],
      [{ ...get, extra: 1 }, /^routes\[1\]\.operation\.extra: is no field/],
      [{ envelope: 'x' }, /^routes\[1\]\.operation\.envelope: /],
      [{ ...get, path: '//host' }, /^routes\[1\]\.operation\.path: /],
      [{ ...get, path: '/{' }, /^routes\[1\]\.operation\.path: /],
      [{ ...get, query: { q: '{' } }, /^routes\[1\]\.operation\.query\.q: /],
      [
        { ...get, query: { q: { expression: '(' } } },
        /^routes\[1\]\.operation\.query\.q: is not JSONata: .*character/,
      ],
      [{ ...get, query: { q: {} } }, /^routes\[1\]\.operation\.query\.q: must be a text/],
      [{ ...get, headers: { 'x y': '1' } }, /^routes\[1\]\.operation\.headers\.x y: is no header name/],
      [{ ...get, headers: { 'x-a': 'a\r\nb' } }, /^routes\[1\]\.operation\.headers\.x-a: /],
      [
        { ...get, headers: { 'x-a': { secret_ref: 'env:A', prefix: '\n' } } },
        /^routes\[1\]\.operation\.headers\.x-a: /,
      ],
      [
        { ...get, headers: { 'x-a': '1', 'X-A': '2' } },
        /^routes\[1\]\.operation\.headers\.X-A: is there twice/,
      ],
      ...[
        'Host',
        'content-length',
        'Transfer-Encoding',
        'connection',
        'TE',
        'upgrade',
        'x-switchyard-hops',
      ].map(
        (name) =>
          [{ ...get, headers: { [name]: '1' } }, /^routes\[1\]\.operation\.headers\..*leave it out/] as [
            Record<string, unknown>,
            RegExp,
          ],
      ),
      [
        { ...get, headers: { 'x-a': { secret_ref: 'nowhere' } } },
        /^routes\[1\]\.operation\.headers\.x-a.*: must be env:NAME/,
      ],
      [{ ...get, body: 'payload' }, /^routes\[1\]\.operation\.body: a GET has no body/],
      [
        { method: 'POST', path: '/', body: 'payload', body_type: 'raw' },
        /^routes\[1\]\.operation\.body_type: /,
      ],
      [{ method: 'POST', path: '/', body: '{' }, /^routes\[1\]\.operation\.body: is not JSONata/],
      [{ ...get, reply: 'body[' }, /^routes\[1\]\.operation\.reply: is not JSONata/],
      [{ ...get, success: ['9xx'] }, /^routes\[1\]\.operation\.success/],
      [
        { ...get, pagination: { kind: 'cursor', cursor: '(', parameter: 'c' } },
        /^routes\[1\]\.operation\.pagination\.cursor: /,
      ],
      [
        { ...get, pagination: { kind: 'link', max_pages: 101 } },
        /^routes\[1\]\.operation\.pagination\.max_pages: /,
      ],
      [
        { method: 'POST', path: '/', pagination: { kind: 'link' } },
        /^routes\[1\]\.operation\.pagination: is for GET/,
      ],
    ])('%j', (operation, violation) => {
      const violations = check(operation);
      expect(violations).toHaveLength(1);
      expect(violations[0]).toMatch(violation);
    });

    test.each([
      [{ headers: { Host: 'x' } }, /^settings\.headers\.Host: /],
      [{ headers: { 'Content-Type': 'x' } }, /^settings\.headers\.Content-Type: /],
      [{ headers: { 'x-a': 'a\r\nb' } }, /^settings\.headers\.x-a: /],
      [{ tls: { server_name: 'x' } }, /^settings\.tls: is for https/],
      [{ envelope: 'soap' }, /^settings\.envelope: /],
      [{ message_path: '//host' }, /^settings\.message_path: /],
    ])('with the settings %j', (more, violation) => {
      const violations = check(get, more);
      expect(violations).toHaveLength(1);
      expect(violations[0]).toMatch(violation);
    });

    test('when the configuration does not allow the secret', () => {
      const strict = createHttpTransport({
        clock: systemClock,
        egress: createEgress({ clock: systemClock }),
        prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
        secrets: { ...fixedSecrets(), objection: (ref) => (ref === 'env:PATH' ? 'not allowed' : undefined) },
        identities: fixedIdentities(),
      });
      const secret = { secret_ref: 'env:PATH' };
      expect(
        strict.checkEndpoint({
          uri: 'https://a',
          settings: { headers: { authorization: secret }, tls: { ca: secret } },
          routes: [
            { messageType: '*', operation: { ...get, query: { k: secret } }, repeatSafety: undefined },
          ],
        }),
      ).toEqual([
        { path: 'settings.headers.authorization', message: 'not allowed' },
        { path: 'settings.tls.ca', message: 'not allowed' },
        { path: 'routes[0].operation.query.k', message: 'not allowed' },
      ]);
    });
  });
});

describe('a registration is refused', () => {
  const transport = createHttpTransport({
    clock: systemClock,
    egress: createEgress({ clock: systemClock }),
    prober: () => Promise.reject(new Error('nobody probes')),
    secrets: fixedSecrets({}),
    identities: fixedIdentities(),
  });
  const violations = (settings: Record<string, unknown>, route: Partial<Route> = {}) =>
    transport
      .checkEndpoint({
        uri: 'http://127.0.0.1:9',
        settings,
        routes: [
          { messageType: 'a', operation: { method: 'GET', path: '/' }, repeatSafety: undefined, ...route },
        ],
      })
      .map(({ path, message }) => `${path}: ${message}`);

  test('for a credential in it, because records are shown to watchers', () => {
    expect(violations({ headers: { Authorization: 'Bearer abc' } })).toEqual([
      expect.stringMatching(/^settings\.headers\.Authorization: .*secret_ref/),
    ]);
    const operation = { method: 'GET', path: '/', headers: { 'X-API-Key': 'abc' } };
    expect(violations({}, { operation })).toEqual([
      expect.stringMatching(/^routes\[0\]\.operation\.headers\.X-API-Key: .*secret_ref/),
    ]);
    const fromMessage = { ...operation, headers: { 'X-API-Key': '{key}' } };
    expect(violations({ headers: { Accept: 'text/plain' } }, { operation: fromMessage })).toEqual([]);
  });

  test('for pages that are declared anything but SAFE', () => {
    const operation = { method: 'GET', path: '/', pagination: { kind: 'link' } };
    expect(violations({}, { operation, repeatSafety: 'UNSAFE' })).toEqual([
      expect.stringMatching(/^routes\[0\]\.repeat_safety: is UNSAFE/),
    ]);
    expect(violations({}, { operation, repeatSafety: 'SAFE' })).toEqual([]);
  });
});
