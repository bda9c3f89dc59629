import { createServer as createTlsServer } from 'node:https';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { RepeatSafety } from '../../base/message.ts';
import type { Route } from '../../base/route.ts';
import type {
  AttemptResult,
  EndpointDeclaration,
  HealthCheckKind,
  ProbeResult,
  Transport,
} from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import {
  graphqlTargets,
  type PetServer,
  startAnswer,
  startReference,
  startYoga,
} from '../fixtures/graphql-targets.fixture.ts';
import { startHttpTarget } from '../fixtures/http-server.fixture.ts';
import {
  atDeadline,
  type FaultOutcomes,
  mayHaveActed,
  notExecuted,
  notReached,
  ok,
  outcomeOf,
  rejected,
} from '../fixtures/outcome.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf, type SendInput, sendTo } from '../fixtures/send.fixture.ts';
import { testCertificate, testKey } from '../fixtures/tls.fixture.ts';
import { listen } from '../fixtures/wire-server.fixture.ts';
import { connectionsPerHostMax, replyBytesMax } from '../limits.ts';
import { describeTransport, type TransportSubject } from '../transport.conformance.ts';
import { createGraphqlTransport } from './graphql-transport.ts';

/** As over HTTP, but that a refusal in the middle of an answer, or without GraphQL, stays what its status says. */
const outcomes: FaultOutcomes = {
  'accepts and says nothing': atDeadline(mayHaveActed('timeout')),
  'resets at the first byte': mayHaveActed('reset'),
  'ends the connection before it reads': mayHaveActed('reset'),
  'reads and never answers': atDeadline(mayHaveActed('timeout')),
  'resets after it read': mayHaveActed('reset'),
  'ends its half after it read': mayHaveActed('reset'),
  'resets in the middle of the answer': mayHaveActed('reset', '200'),
  'ends in the middle of the answer': mayHaveActed('reset', '200'),
  'answers one byte a second': atDeadline(mayHaveActed('timeout', '200')),
  'answers without end': mayHaveActed('reply_too_large', '200'),
  'answers and resets behind it': ok('200'),
  'answers twice': ok('200'),
  'announces a longer answer than it sends': mayHaveActed('reset', '200'),
  'announces a shorter answer than it sends': ok('200'),
  'announces an answer over the limit': mayHaveActed('reply_too_large', '200'),
  'answers with garbage': mayHaveActed('garbage'),
  'answers with huge headers': mayHaveActed('reply_too_large'),
  'is unavailable': mayHaveActed('unavailable', '503'),
  fails: mayHaveActed('target_error', '500'),
  'says that it did nothing, in a header': notExecuted('503'),
  'says that it did nothing, in a trailer': notExecuted('500'),
  'asks to wait': { ...mayHaveActed('unavailable', '503'), retryAfterMs: 7000 },
  refuses: rejected('422'),
};

const secretValues = { 'env:TOKEN': 's3cret' };
const create: TransportSubject['create'] = (deps) =>
  createGraphqlTransport({
    ...deps,
    prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: 'asked the prober' }),
    secrets: fixedSecrets(secretValues),
    identities: fixedIdentities(),
  });

const routeTo = (operation: Record<string, unknown>, repeatSafety?: RepeatSafety): readonly Route[] => [
  { messageType: '*', operation, repeatSafety },
];
const textOf = ({ reply }: AttemptResult): string => Buffer.from(reply?.data ?? []).toString();
const valueOf = (result: AttemptResult): unknown => JSON.parse(textOf(result));

describe('GraphQL transport', () => {
  describeTransport({
    targets: graphqlTargets,
    outcomes,
    create: (deps) => withRoutes(create(deps), routeTo({ query: '{ __typename }' })),
    // undici takes a connection back a turn after its answer; a call in that turn opens a second one.
    connectionsInRow: 2,
    connectionsMax: connectionsPerHostMax,
    notApplicable: {
      headers: "a GraphQL API is not sent the message's headers; see below",
      'large replies': 'a reply is a GraphQL response, not any bytes; see below',
    },
  });

  let transport: Transport;
  beforeEach(() => {
    transport = create({ clock: systemClock, egress: createEgress({ clock: systemClock }) });
  });
  afterEach(() => transport.close());

  const send = ({ port }: { readonly port: number }, input?: SendInput): Promise<AttemptResult> =>
    sendTo(transport, `http://127.0.0.1:${port}/graphql`, input);
  const payload = (value: unknown): NonNullable<SendInput['message']> => ({
    data: Buffer.from(JSON.stringify(value)),
  });

  describe.each<[string, () => Promise<PetServer>]>([
    ['Yoga', startYoga],
    ['graphql-http', startReference],
  ])('%s', (_, start) => {
    let server: PetServer;
    beforeEach(async () => {
      server = await start();
    });
    afterEach(() => server.close());

    test('answers a query whose variables are the payload', async () => {
      const routes = routeTo({ query: 'query ($id: ID!) { pet(id: $id) { name owner } }' });
      const result = await send(server, { routes, message: payload({ id: '7' }) });
      expect(outcomeOf(result)).toEqual(ok('200'));
      expect(valueOf(result)).toEqual({ data: { pet: { name: 'pet 7', owner: 'owner of 7' } } });
      expect(result.reply?.contentType).toContain('application/graphql-response+json');
    });

    test('answers a request that is the payload itself', async () => {
      const request = {
        query: 'query A($id: ID!) { pet(id: $id) { id } } query B { __typename }',
        operationName: 'A',
        variables: { id: 'x' },
      };
      expect(valueOf(await send(server, { message: payload(request) }))).toEqual({
        data: { pet: { id: 'x' } },
      });
    });

    test('answers a mutation whose variables and reply are mapped', async () => {
      const routes = routeTo({
        query:
          'mutation Adopt($name: String!, $tags: [String!]) { adopt(name: $name, tags: $tags) { id name } }',
        operation_name: 'Adopt',
        variables: { name: 'payload.pet.name', tags: '[message.type]' },
        reply: '{"key": adopt.id, "label": $uppercase(adopt.name)}',
      });
      const result = await send(server, { routes, message: payload({ pet: { name: 'rex' } }) });
      expect(outcomeOf(result)).toEqual(ok('200'));
      expect([result.reply?.contentType, textOf(result)]).toEqual([
        'application/json',
        '{"key":"1","label":"REX"}',
      ]);
      expect(server.done).toEqual(['rex']);
    });

    test('answers nothing to a null, and that is a reply', async () => {
      const routes = routeTo({ query: '{ pet(id: "none") { id } }' });
      expect(valueOf(await send(server, { routes }))).toEqual({ data: { pet: null } });
    });

    test.each([
      ['a field that is not there', { query: '{ nothing }' }, 'nothing'],
      ['a syntax error', { query: '{' }, 'Syntax Error'],
      ['a variable that is missing', { query: 'query ($id: ID!) { pet(id: $id) { id } }' }, '$id'],
    ])('rejects %s before anything is done', async (__, request, text) => {
      const result = await send(server, { message: payload(request) });
      expect(result).toMatchObject({ verdict: 'REJECTED', reason: 'rejected' });
      expect(result.detail).toContain(text);
      expect(valueOf(result)).toHaveProperty('errors');
    });

    test('may have acted when a mutation fails', async () => {
      const result = await send(server, {
        message: payload({ query: 'mutation { fail(name: "rex") { id } }' }),
      });
      expect(outcomeOf(result)).toEqual(mayHaveActed('target_error', '200'));
      expect(result.detail).toContain('the execution began and failed: it broke after it began');
      expect(server.done).toEqual(['rex']);
      expect(valueOf(result)).toMatchObject({ data: null });
    });

    test('gives partial data as a reply that says so', async () => {
      const routes = routeTo({ query: '{ pet(id: "secret") { name owner } }', reply: 'pet.name' });
      const result = await send(server, { routes });
      expect(outcomeOf(result)).toEqual(ok('PARTIAL_DATA'));
      expect(result.reply).toMatchObject({
        status: 'PARTIAL_DATA',
        headers: { 'switchyard-graphql-errors': '1' },
      });
      expect(valueOf(result)).toMatchObject({ data: { pet: { name: 'pet secret', owner: null } } });
      expect(result.detail).toContain('with partial data: the owner is a secret');
    });

    test('is alive, because it says the name of its query type', async () => {
      const { alive, detail } = await probe(server);
      expect([alive, detail]).toEqual([true, 'HTTP 200, answers queries']);
    });
  });

  describe('an answer', () => {
    const error = (code?: string) => ({
      message: 'no',
      ...(code === undefined ? {} : { extensions: { code } }),
    });
    const json = (value: unknown): string => JSON.stringify(value);

    test.each<[string, number, string, ReturnType<typeof outcomeOf>]>([
      ['errors without data', 200, json({ errors: [error()] }), rejected('200')],
      ['errors without data, with 400', 400, json({ errors: [error()] }), rejected('400')],
      [
        'errors without data, with 500',
        500,
        json({ errors: [error()] }),
        mayHaveActed('target_error', '500'),
      ],
      ['errors with null', 200, json({ data: null, errors: [error()] }), mayHaveActed('target_error', '200')],
      [
        'errors with null, with 400',
        400,
        json({ data: null, errors: [error()] }),
        mayHaveActed('target_error', '400'),
      ],
      ['errors with data', 200, json({ data: { a: 1 }, errors: [error()] }), ok('PARTIAL_DATA')],
      ['neither', 200, '{}', mayHaveActed('garbage', '200')],
      ['an empty list of errors', 200, json({ errors: [] }), mayHaveActed('garbage', '200')],
      ['no JSON', 200, 'hello', mayHaveActed('garbage', '200')],
      ['a list', 200, '[]', mayHaveActed('garbage', '200')],
      ['no body', 204, '', mayHaveActed('garbage', '204')],
      ['a refusal without GraphQL', 403, 'go away', rejected('403')],
      [
        'too many requests',
        429,
        json({ errors: [error()] }),
        { ...notExecuted('429'), reason: 'rate_limited' },
      ],
    ])('of %s with %i has one meaning', async (_, status, body, outcome) => {
      await using server = await startAnswer(status, body);
      const result = await send(server, { routes: routeTo({ query: '{ a }' }) });
      expect(outcomeOf(result)).toEqual(outcome);
    });

    test('that is HTML is garbage', async () => {
      await using server = await startAnswer(200, '{"data":{}}', { 'content-type': 'text/html' });
      expect((await send(server, { routes: routeTo({ query: '{ a }' }) })).reason).toBe('garbage');
    });

    test.each([
      [['DENIED'], rejected('200')],
      [['DENIED', 'OTHER'], mayHaveActed('target_error', '200')],
    ])('with the codes %j is a definite no where the route says so', async (codes, outcome) => {
      await using server = await startAnswer(200, json({ data: null, errors: codes.map(error) }));
      const routes = routeTo({ query: 'mutation { a }', rejected_codes: ['DENIED'] });
      expect(outcomeOf(await send(server, { routes }))).toEqual(outcome);
    });

    test('keeps numbers exactly, mapped or not', async () => {
      await using server = await startAnswer(200, '{"data":{"id":12345678901234567890}}');
      expect(textOf(await send(server, { routes: routeTo({ query: '{ id }' }) }))).toContain(
        '12345678901234567890',
      );
      const mapped = await send(server, { routes: routeTo({ query: '{ id }', reply: '{"n": id}' }) });
      expect(textOf(mapped)).toBe('{"n":12345678901234567890}');
    });

    test('that does not fit the mapping is no reply, and the target acted', async () => {
      await using server = await startAnswer(200, '{"data":{"id":"x"}}');
      const result = await send(server, { routes: routeTo({ query: '{ id }', reply: '$number(id)' }) });
      expect(result).toMatchObject({ verdict: 'OK', reason: 'bad_reply' });
      expect(result.reply).toBeUndefined();
    });

    test.each([
      [replyBytesMax, 'OK'],
      [replyBytesMax + 1, 'MAY_HAVE_ACTED'],
    ])('of %i bytes is %s', async (bytes, verdict) => {
      const [begin, end] = ['{"data":"', '"}'];
      await using server = await startAnswer(
        200,
        begin + 'x'.repeat(bytes - begin.length - end.length) + end,
      );
      const result = await send(server, { routes: routeTo({ query: '{ a }' }) });
      expect(result.verdict).toBe(verdict);
      if (verdict !== 'OK') expect(result.reason).toBe('reply_too_large');
    });
  });

  describe('a request', () => {
    test('is a POST of JSON to the URI itself', async () => {
      await using server = await startHttpTarget((response) => response.end('{"data":{}}'));
      await send(server, {
        routes: routeTo({ query: 'mutation A { a }', operation_name: 'A' }),
        settings: { headers: { Authorization: { secret_ref: 'env:TOKEN', prefix: 'Bearer ' } } },
        message: { data: Buffer.from('{"n": 12345678901234567890}'), headers: { 'x-tenant': 'blue' } },
        attempt: 3,
      });
      const [request] = server.seen;
      expect([request?.method, request?.path]).toEqual(['POST', '/graphql']);
      expect(request?.headers).toMatchObject({
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
        authorization: 'Bearer s3cret',
        'idempotency-key': 'msg-1',
        'x-switchyard-hops': '2',
        'x-previous-attempts': '2',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      });
      expect(request?.headers).not.toHaveProperty('x-tenant');
      expect(request?.body.toString()).toBe(
        '{"query":"mutation A { a }","operationName":"A","variables":{"n": 12345678901234567890}}',
      );
    });

    test.each<[string, Record<string, unknown>, SendInput['message'], string | undefined]>([
      ['the payload', {}, payload({ a: 1 }), '{"a":1}'],
      ['nothing, for an empty payload', {}, { data: Buffer.alloc(0) }, undefined],
      ['an expression', { variables: '{"b": payload.a + 1}' }, payload({ a: 1 }), '{"b":2}'],
      ['an expression that gives nothing', { variables: 'payload.none' }, payload({ a: 1 }), undefined],
      [
        'a map, without what is absent',
        { variables: { a: 'payload.x', b: 'payload.y' } },
        payload({ x: 1 }),
        '{"a":1}',
      ],
    ])('has variables from %s', async (_, more, message, variables) => {
      await using server = await startHttpTarget((response) => response.end('{"data":{}}'));
      await send(server, {
        routes: routeTo({ query: 'query ($a: Int, $b: Int) { a }', ...more }),
        message: message!,
      });
      const body = JSON.parse(server.seen[0]?.body.toString() ?? '') as Record<string, unknown>;
      expect(body['variables']).toEqual(variables === undefined ? undefined : JSON.parse(variables));
    });

    test.each<[string, Record<string, unknown> | undefined, SendInput['message'], RegExp]>([
      ['a payload that is no object', { query: '{ a }' }, payload([1]), /payload: must be a JSON object/],
      [
        'a payload that is no JSON',
        { query: '{ a }' },
        { contentType: 'text/plain' },
        /payload: must be a JSON object/,
      ],
      [
        'variables that are no object',
        { query: '{ a }', variables: 'payload.a' },
        payload({ a: 1 }),
        /must give an object/,
      ],
      [
        'an expression that fails',
        { query: '{ a }', variables: '{"a": $number(payload.a)}' },
        payload({ a: 'x' }),
        /variables: /,
      ],
      ['no request where there are no routes', undefined, payload({ a: 1 }), /must be a GraphQL request/],
      [
        'no route for the type',
        { other: true },
        payload({}),
        /no route of the interface takes the message type/,
      ],
    ])('with %s is not sent', async (_, operation, message, text) => {
      await using server = await startHttpTarget((response) => response.end('{"data":{}}'));
      const routes =
        operation === undefined
          ? []
          : 'other' in operation
            ? [{ messageType: 'other', operation: { query: '{ a }' }, repeatSafety: undefined }]
            : routeTo(operation);
      const result = await send(server, { routes, message: message! });
      expect(outcomeOf(result)).toEqual(notReached('mapping_failed'));
      expect(result.detail).toMatch(text);
      expect(server.accepted).toBe(0);
    });

    test('goes through TLS with the identity of the settings, and not without trust', async () => {
      const https = createTlsServer({ cert: testCertificate, key: testKey }, (_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{}}'),
      );
      await using server = await listen(https);
      const uri = `https://localhost:${server.port}`;
      const routes = routeTo({ query: '{ a }' });
      const trusting = await sendTo(transport, uri, { routes, settings: { tls: { ca: testCertificate } } });
      expect(trusting.verdict).toBe('OK');
      expect(outcomeOf(await sendTo(transport, uri, { routes }))).toEqual(notReached('tls_failed'));
    });

    test('whose secret is not there is not sent', async () => {
      await using server = await startYoga();
      const settings = { headers: { a: { secret_ref: 'env:GONE' } } };
      const result = await send(server, { settings, routes: routeTo({ query: '{ __typename }' }) });
      expect(outcomeOf(result)).toEqual(notReached('misconfigured'));
    });
  });

  test.each([
    ['{ a }', 'SAFE'],
    ['query A { a }', 'SAFE'],
    ['mutation { a }', 'UNSAFE'],
    ['not GraphQL', undefined],
  ])('%j promises %s about sending twice', (query, promise) => {
    expect(transport.routeRepeatSafety?.({ query })).toBe(promise);
  });

  test('of several operations the one that is meant promises', () => {
    const query = 'query A { a } mutation B { b }';
    expect(transport.routeRepeatSafety?.({ query, operation_name: 'A' })).toBe('SAFE');
    expect(transport.routeRepeatSafety?.({ query, operation_name: 'B' })).toBe('UNSAFE');
  });

  const probe = (server: { readonly port: number }, kind: HealthCheckKind = 'AUTO'): Promise<ProbeResult> =>
    transport.probe(
      endpointOf('GRAPHQL', `http://127.0.0.1:${server.port}/graphql`, { healthCheck: { kind } }),
      {
        deadlineMs: systemClock.now() + 5000,
        signal: new AbortController().signal,
      },
    );

  describe('a probe', () => {
    test.each([
      [200, '{"data":null,"errors":[{"message":"broken"}]}', 'broken'],
      [200, '{"data":{}}', 'no __typename'],
      [401, '{"errors":[{"message":"who are you"}]}', 'who are you'],
      [503, 'down', 'HTTP 503'],
      [200, '<html>', 'no GraphQL response'],
    ])('of a target that answers %i %s is not alive', async (status, body, text) => {
      await using server = await startAnswer(status, body);
      const { alive, detail } = await probe(server);
      expect(alive).toBe(false);
      expect(detail).toContain(text);
    });

    test('of another kind is left to the prober', async () => {
      expect((await probe({ port: 9 }, 'HTTP')).detail).toBe('asked the prober');
    });
  });

  describe('a registration', () => {
    const violations = (declared: Partial<EndpointDeclaration>): readonly string[] =>
      transport
        .checkEndpoint({ uri: 'https://api.example/graphql', settings: {}, routes: [], ...declared })
        .map(({ path, message }) => `${path}: ${message}`);
    const ofOperation = (operation: Record<string, unknown>) => violations({ routes: routeTo(operation) });

    test('with good settings and routes is taken', () => {
      const settings = { headers: { authorization: { secret_ref: 'env:TOKEN' } }, tls: { server_name: 'x' } };
      const query = 'query A($id: ID!, $n: Int! = 3) { a(id: $id, n: $n) { ...F } } fragment F on T { b }';
      const operation = { query, variables: { id: 'payload.id' }, reply: 'a.b', rejected_codes: ['DENIED'] };
      expect(violations({ settings, routes: routeTo(operation) })).toEqual([]);
    });

    test.each<[string, Record<string, unknown>, RegExp]>([
      ['no query', {}, /^routes\[0\]\.operation\.query: /],
      [
        'a syntax error',
        { query: '{\n  pet(id: ) { name }\n}' },
        /^routes\[0\]\.operation\.query: Syntax Error: .*\(line 2, column 11\)$/,
      ],
      ['a subscription', { query: 'subscription { a }' }, /\.query: is a subscription/],
      ['fragments alone', { query: 'fragment F on T { a }' }, /\.query: holds no operation/],
      [
        'several operations and no name',
        { query: 'query A { a } query B { b }' },
        /\.operation_name: is needed: the query holds A, B/,
      ],
      [
        'another name',
        { query: 'query A { a }', operation_name: 'B' },
        /\.operation_name: is "B", but the query holds A/,
      ],
      [
        'one name twice',
        { query: 'query A { a } query A { b }', operation_name: 'A' },
        /\.query: holds the operation A more than once/,
      ],
      [
        'a variable that is not declared',
        { query: 'query ($id: ID) { a }', variables: { ID: '1' } },
        /\.variables\.ID: is no variable of the operation, which declares \$id/,
      ],
      [
        'a variable that is missing',
        { query: 'query ($id: ID!) { a }', variables: {} },
        /\.variables: lack \$id/,
      ],
      ['variables that are no JSONata', { query: '{ a }', variables: '{' }, /\.variables: is not JSONata/],
      ['a reply that is no JSONata', { query: '{ a }', reply: '(' }, /\.reply: is not JSONata/],
      ['an unknown field', { query: '{ a }', operationName: 'A' }, /operationName/],
      [
        'a document of too many tokens',
        { query: `{ ${'a '.repeat(11_000)} }` },
        /more that 10000 tokens|more than 10000 tokens/,
      ],
    ])('with %s is refused', (_, operation, text) => {
      expect(ofOperation(operation).join('\n')).toMatch(text);
    });

    test.each<[string, Partial<EndpointDeclaration>, RegExp]>([
      ['another scheme', { uri: 'ws://a' }, /^uri: /],
      ['an unknown setting', { settings: { message_path: '/x' } }, /^settings\.message_path: is no field/],
      ['TLS without TLS', { uri: 'http://a', settings: { tls: {} } }, /^settings\.tls: /],
    ])('with %s is refused', (_, declared, text) => {
      expect(violations(declared).join('\n')).toMatch(text);
    });
  });
});

/** The suite sends without routes; a GraphQL interface then takes whole requests only. */
function withRoutes(transport: Transport, routes: readonly Route[]): Transport {
  return {
    ...transport,
    send: (endpoint, message, options) => transport.send({ ...endpoint, routes }, message, options),
  };
}
