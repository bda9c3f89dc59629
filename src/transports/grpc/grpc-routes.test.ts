import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  anyPack,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { Metadata, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ErrorInfoSchema } from '#gen/standard/google/rpc/error_details_pb.js';
import { StatusSchema } from '#gen/standard/google/rpc/status_pb.js';
import { systemClock } from '../../base/clock.ts';
import type { Route } from '../../base/route.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { sendTo, type SendInput } from '../fixtures/send.fixture.ts';
import { shopFiles, type ShopServer, startShop } from '../fixtures/shop.fixture.ts';
import { unusedPort } from '../fixtures/wire-server.fixture.ts';
import { createGrpcTransport } from './grpc-transport.ts';

const echo = { method: 'acme.shop.v1.Shop/Echo' };

/** The shop after its field `note` got another name. */
const renamedProto = `syntax = "proto3"; package acme.shop.v1;
  message Order { string remark = 19; }
  service Shop {
    rpc Echo (Order) returns (Order);
    rpc Watch (Order) returns (stream Order);
    rpc Collect (stream Order) returns (Order);
  }`;

/** A route for every type. */
function toward(operation: Record<string, unknown>): readonly Route[] {
  return [{ messageType: '*', operation, repeatSafety: undefined }];
}

describe('a gRPC route', () => {
  let transport: Transport;
  let sets: Map<string, Uint8Array>;
  let ahead: number;
  let shop: ShopServer | undefined;
  beforeEach(() => {
    sets = new Map();
    ahead = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead };
    transport = createGrpcTransport({
      clock,
      egress: createEgress({ clock }),
      prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
      secrets: fixedSecrets({ 'env:TOKEN': 's3cret' }),
      identities: fixedIdentities(),
      descriptorSets: { get: (name) => sets.get(name) },
    });
  });
  afterEach(async () => {
    await transport.close();
    await shop?.[Symbol.asyncDispose]();
    shop = undefined;
  });

  const send = (input: SendInput = {}, { port } = shop ?? { port: 0 }): Promise<AttemptResult> =>
    sendTo(transport, `grpc://127.0.0.1:${port}`, { routes: toward(echo), ...input });
  const sendJson = (json: unknown, input: SendInput = {}): Promise<AttemptResult> =>
    send({
      message: { data: Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)) },
      ...input,
    });
  const jsonOf = ({ reply, detail }: AttemptResult): unknown => {
    if (reply === undefined) throw new Error(`no reply: ${detail}`);
    return JSON.parse(Buffer.from(reply.data).toString());
  };

  const whole = {
    orderId: 'o-1',
    amountCents: '9007199254740993',
    serial: '18446744073709551615',
    rate: 1.5,
    proof: 'AQID',
    colour: 'COLOUR_RED',
    tags: ['a', 'ü'],
    counts: { x: 1, y: -2 },
    shipTo: { street: 'Main', former: { city: 'Bern' } },
    placedAt: '2026-11-21T04:00:00Z',
    patience: '1.500s',
    extra: { deep: [1, null, { a: 'b' }] },
    limit: 7,
    mask: 'orderId,shipTo.city',
    attached: { '@type': 'type.googleapis.com/acme.shop.v1.Gift', fromWhom: 'Ann' },
    card: '1234',
    express: true,
    note: '',
  };

  test('passes JSON to the method and brings its reply back as JSON, by reflection alone', async () => {
    shop = await startShop();
    const result = await sendJson(whole);
    expect(result).toMatchObject({ verdict: 'OK', reason: 'ok', status: 'OK' });
    expect(jsonOf(result)).toEqual(whole);
    expect(result.reply?.contentType).toBe('application/json');
    expect(shop.calls[0]?.request).toMatchObject({ order_id: 'o-1', amount_cents: '9007199254740993' });
    expect(shop.calls[0]?.metadata.get('x-message-id')).toEqual(['msg-1']);
    expect(shop.calls[0]?.metadata.get('grpc-previous-rpc-attempts')).toEqual([]);
  });

  test('tells the target how many attempts went before', async () => {
    shop = await startShop();
    await sendJson(whole, { attempt: 3 });
    expect(shop.calls[0]?.metadata.get('grpc-previous-rpc-attempts')).toEqual(['2']);
  });

  test('loses nothing of random orders on the way through the target', async () => {
    shop = await startShop();
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const order = fc.record(
      {
        orderId: text.filter((value) => value !== ''),
        amountCents: fc
          .bigInt(-(2n ** 63n), 2n ** 63n - 1n)
          .filter((value) => value !== 0n)
          .map(String),
        serial: fc.bigInt(1n, 2n ** 64n - 1n).map(String),
        rate: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => value !== 0),
        proof: fc
          .uint8Array({ minLength: 1, maxLength: 50 })
          .map((bytes) => Buffer.from(bytes).toString('base64')),
        colour: fc.constantFrom('COLOUR_RED', 'COLOUR_BLUE'),
        tags: fc.array(text, { minLength: 1, maxLength: 5 }),
        shipTo: fc.record({ street: text.filter((value) => value !== '') }),
        limit: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        extra: fc.dictionary(
          fc.string({ minLength: 1, maxLength: 5 }).filter((key) => key !== '__proto__'),
          fc.oneof(text, fc.boolean(), fc.integer()),
          { maxKeys: 4 },
        ),
        note: text,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(order, async (value) => {
        expect(jsonOf(await sendJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 100 },
    );
  });

  test('keeps 64-bit numbers that a JSON number does not hold', async () => {
    shop = await startShop();
    expect(jsonOf(await sendJson('{"order_id":"o","amount_cents":9007199254740993}'))).toEqual({
      orderId: 'o',
      amountCents: '9007199254740993',
    });
  });

  test('takes the names of the proto file as well, and emits defaults when told to', async () => {
    shop = await startShop();
    const result = await sendJson({ order_id: 'o' }, { routes: toward({ ...echo, emit_defaults: true }) });
    expect(jsonOf(result)).toMatchObject({ orderId: 'o', amountCents: '0', tags: [], express: false });
  });

  test('makes an empty payload the empty message', async () => {
    shop = await startShop();
    for (const contentType of ['application/json', ''])
      expect(jsonOf(await send({ message: { data: new Uint8Array(), contentType } }))).toEqual({});
  });

  test.each([
    ['an unknown field', '{"orderID":"o"}', /does not fit acme\.shop\.v1\.Order.*key "orderID" is unknown/],
    ['an unknown field inside', '{"shipTo":{"zip":1}}', /key "zip" is unknown/],
    ['a value of another type', '{"rate":"fast"}', /acme\.shop\.v1\.Order\.rate/],
    ['a number out of range', '{"limit":1e10}', /Int32Value\.value/],
    ['an unknown enum value', '{"colour":"PINK"}', /acme\.shop\.v1\.Colour from JSON: "PINK"/],
    ['a field given twice', '{"orderId":"a","orderId":"b"}', /duplicate object key "orderId"/],
    ['no JSON', '{"orderId"', /JSON/],
    ['no object', '[1]', /acme\.shop\.v1\.Order/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /encoded data was not valid/],
    [
      'an Any of an unknown type',
      '{"attached":{"@type":"x/acme.None"}}',
      /acme\.None is not in the type registry/,
    ],
  ])('refuses %s as mapping_failed, and sends nothing', async (_, payload, text) => {
    shop = await startShop();
    const result = await send({ message: { data: Buffer.from(payload) } });
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'mapping_failed', status: '' });
    expect(result.detail).toMatch(text);
    expect(shop.calls).toHaveLength(0);
  });

  test.each([
    'application/protobuf',
    'application/x-protobuf; a=b',
    'Application/Grpc+Proto',
    'application/grpc',
  ])('passes the bytes of %s as they are, and asks no reflection', async (contentType) => {
    shop = await startShop();
    const data = Buffer.from([0x0a, 1, 0x6f]);
    const result = await send({ message: { data, contentType } });
    expect(result.reply).toMatchObject({ status: 'OK', contentType: 'application/protobuf' });
    expect(Buffer.from(result.reply?.data ?? [])).toEqual(data);
    expect(shop.questions).toBe(0);
  });

  test('goes by its encoding whatever the content type', async () => {
    shop = await startShop();
    const bytes = await send({
      routes: toward({ ...echo, encoding: 'bytes' }),
      message: { data: Buffer.from([0x0a, 1, 0x6f]) },
    });
    expect(bytes.reply?.contentType).toBe('application/protobuf');
    const json = await sendJson(
      {},
      {
        routes: toward({ ...echo, encoding: 'json' }),
        message: { contentType: 'text/plain', data: Buffer.from('{"note":"x"}') },
      },
    );
    expect(jsonOf(json)).toEqual({ note: 'x' });
  });

  test('refuses a payload that is neither JSON nor protobuf', async () => {
    shop = await startShop();
    const result = await send({ message: { contentType: 'text/csv', data: Buffer.from('a;b') } });
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'mapping_failed' });
    expect(result.detail).toContain('content type "text/csv" is neither JSON');
  });

  test.each([
    ['Watch', /Shop\/Watch is a server streaming method; only unary ones/],
    ['Collect', /Shop\/Collect is a client streaming method/],
    ['Buy', /the service acme\.shop\.v1\.Shop has no method Buy; there is Echo, Watch, Collect/],
  ])('to %s is misconfigured', async (method, text) => {
    shop = await startShop();
    const result = await sendJson({}, { routes: toward({ method: `acme.shop.v1.Shop/${method}` }) });
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
    expect(result.detail).toMatch(text);
  });

  test('to a service that reflection does not know is misconfigured', async () => {
    shop = await startShop();
    const result = await sendJson({}, { routes: toward({ method: 'acme.None/Echo' }) });
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
    expect(result.detail).toMatch(/acme\.None\/Echo: it does not give out acme\.None: NOT_FOUND/);
  });

  test('of a message type that no route takes is mapping_failed', async () => {
    shop = await startShop();
    const result = await sendJson(
      {},
      { routes: [{ messageType: 'other', operation: echo, repeatSafety: undefined }] },
    );
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'mapping_failed' });
  });

  test('may leave other types to the envelope', async () => {
    shop = await startShop();
    const routes = [
      { messageType: 'shop.echo', operation: echo, repeatSafety: undefined },
      ...toward({ envelope: 'switchyard' }),
    ];
    const routed = await send({ routes, message: { type: 'shop.echo', data: Buffer.from('{}') } });
    expect(routed.verdict).toBe('OK');
    // The shop has no ReceiverService.
    const other = await send({ routes, message: { type: 'shop.other' } });
    expect(other).toMatchObject({ verdict: 'REJECTED', status: 'UNIMPLEMENTED' });
  });

  test('sends metadata of the interface and its own, with secrets, over the headers of the message', async () => {
    shop = await startShop();
    const result = await sendJson(
      {},
      {
        settings: {
          metadata: { authorization: { secret_ref: 'env:TOKEN', prefix: 'Bearer ' }, 'x-who': 'interface' },
          authority: 'shop.example:443',
        },
        routes: toward({ ...echo, metadata: { 'x-who': 'route' } }),
        message: {
          data: Buffer.from('{}'),
          headers: { Authorization: 'mine', 'x-who': 'message', 'x-extra': 'e' },
        },
      },
    );
    expect(result.verdict).toBe('OK');
    const [call] = shop.calls;
    expect(call?.metadata.getMap()).toMatchObject({
      authorization: 'Bearer s3cret',
      'x-who': 'route',
      'x-extra': 'e',
    });
    expect(call?.host).toBe('shop.example:443');
  });

  test('without the secret that it needs is misconfigured, and sends nothing', async () => {
    shop = await startShop();
    const metadata = { authorization: { secret_ref: 'env:GONE' } };
    for (const input of [{ settings: { metadata } }, { routes: toward({ ...echo, metadata }) }]) {
      const result = await sendJson({}, input);
      expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
      expect(result.detail).toContain('env:GONE');
    }
    expect(shop.calls).toHaveLength(0);
  });

  describe('asks the reflection', () => {
    test('of v1alpha when there is no v1', async () => {
      shop = await startShop({ reflection: 'v1alpha' });
      expect(jsonOf(await sendJson({ note: 'n' }))).toEqual({ note: 'n' });
    });

    test('and without any is misconfigured, with a way out', async () => {
      shop = await startShop({ reflection: 'none' });
      const result = await sendJson({});
      expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured', status: '' });
      expect(result.detail).toMatch(
        /Shop\/Echo: the target serves none .*; mend it, or name a descriptor_set/,
      );
    });

    test('once for many calls at the same time, and keeps the answer for 10 min', async () => {
      shop = await startShop();
      const results = await Promise.all(Array.from({ length: 30 }, () => sendJson({})));
      expect(new Set(results.map(({ verdict }) => verdict))).toEqual(new Set(['OK']));
      const asked = shop.questions;
      expect(asked).toBeLessThanOrEqual(2);
      ahead += 9 * 60_000;
      // The session rested and stays open: the peer of this test is here.
      await sendJson({});
      expect(shop.questions).toBe(asked);
      ahead += 2 * 60_000;
      await sendJson({});
      expect(shop.questions).toBeGreaterThan(asked);
    });

    test('again when the target came back as another one', async () => {
      const port = await unusedPort();
      shop = await startShop({ port });
      expect((await sendJson({ note: 'n' })).verdict).toBe('OK');
      await shop[Symbol.asyncDispose]();
      shop = await startShop({
        port,
        proto: `syntax = "proto3"; package acme.shop.v1;
          message Order { string fresh = 40; }
          service Shop { rpc Echo (Order) returns (Order); rpc Watch (Order) returns (stream Order); rpc Collect (stream Order) returns (Order); }`,
      });
      await expect.poll(async () => (await sendJson({ fresh: 'f' })).verdict).toBe('OK');
      expect((await sendJson({ note: 'n' })).reason).toBe('mapping_failed');
    });

    test('again when a new session was opened, although messages still fit the old answer', async () => {
      const port = await unusedPort();
      shop = await startShop({ port });
      await sendJson({ note: 'n' });
      await shop[Symbol.asyncDispose]();
      shop = await startShop({ port, proto: renamedProto });
      // The first call finds the old session gone only when it is on its way.
      await expect.poll(async () => (await sendJson({ note: 'n' })).reason).toBe('mapping_failed');
      expect(shop.questions).toBeGreaterThan(0);
    });

    test('again when a message does not fit, but not at each wrong message', async () => {
      shop = await startShop();
      await sendJson({});
      const asked = shop.questions;
      for (let number = 0; number < 5; number += 1) await sendJson({ wrong: 1 });
      expect(shop.questions).toBe(asked);
      ahead += 6000;
      expect((await sendJson({ wrong: 1 })).reason).toBe('mapping_failed');
      const again = shop.questions;
      expect(again).toBeGreaterThan(asked);
      await sendJson({ wrong: 1 });
      expect(shop.questions).toBe(again);
    });

    test('for further types that stand in an Any', async () => {
      shop = await startShop();
      const gift = { attached: { '@type': 'type.googleapis.com/acme.shop.v1.Gift', fromWhom: 'Ann' } };
      expect(
        jsonOf(await sendJson(gift, { routes: toward({ ...echo, any_types: ['acme.shop.v1.Gift'] }) })),
      ).toEqual(gift);
      const missing = await sendJson(gift, { routes: toward({ ...echo, any_types: ['acme.None'] }) });
      expect(missing).toMatchObject({
        reason: 'misconfigured',
        detail: expect.stringContaining('acme.None') as string,
      });
    });

    test('of nobody: a target that is not there is as unreachable as ever', async () => {
      const result = await sendJson({}, { routes: toward(echo) });
      expect(result).toMatchObject({ verdict: 'NOT_REACHED' });
      const refused = await send({ message: { data: Buffer.from('{}') } }, { port: await unusedPort() });
      expect(refused).toMatchObject({ verdict: 'NOT_REACHED', reason: 'connect_refused' });
    });
  });

  describe('with a descriptor set', () => {
    const settings = { descriptor_set: 'shop' };
    const shopSet = (): Uint8Array =>
      toBinary(
        FileDescriptorSetSchema,
        create(FileDescriptorSetSchema, {
          file: shopFiles().map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes)),
        }),
      );

    test('needs no reflection, and notices that the set is replaced', async () => {
      shop = await startShop({ reflection: 'none' });
      sets.set('shop', shopSet());
      expect(jsonOf(await sendJson(whole, { settings }))).toEqual(whole);
      sets.set('shop', Buffer.from('not a set'));
      const result = await sendJson(whole, { settings });
      expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
      expect(result.detail).toMatch(/descriptor set shop cannot be used: it is no FileDescriptorSet/);
      sets.set('shop', shopSet());
      expect((await sendJson(whole, { settings })).verdict).toBe('OK');
    });

    test('that is gone is misconfigured', async () => {
      shop = await startShop();
      const result = await sendJson({}, { settings });
      expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
      expect(result.detail).toContain('there is no descriptor set "shop"');
    });

    test('refuses a streaming method for bytes too', async () => {
      shop = await startShop({ reflection: 'none' });
      sets.set('shop', shopSet());
      const result = await send({
        settings,
        routes: toward({ method: 'acme.shop.v1.Shop/Watch' }),
        message: { contentType: 'application/protobuf', data: new Uint8Array() },
      });
      expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
    });

    test('that does not describe the answer gives bad_reply: the target has acted', async () => {
      // Field 1 is a text there and a number here.
      shop = await startShop({ reflection: 'none', echo: () => ({ order_id: 'text' }) });
      sets.set('shop', setOf('Order', 1));
      const result = await sendJson({}, { settings });
      expect(result).toMatchObject({ verdict: 'OK', reason: 'bad_reply', status: 'OK' });
      expect(result.reply).toBeUndefined();
      expect(result.detail).toContain('the answer does not fit acme.shop.v1.Order');
    });
  });

  describe('brings back', () => {
    const details = (bytes: Uint8Array): Metadata => {
      const metadata = new Metadata();
      metadata.set('grpc-status-details-bin', Buffer.from(bytes));
      metadata.set('x-hint', 'later');
      return metadata;
    };

    test('a refusal with its status, text and trailers, its details as JSON', async () => {
      const rich = create(StatusSchema, {
        code: status.FAILED_PRECONDITION,
        message: 'no money',
        details: [
          anyPack(
            ErrorInfoSchema,
            create(ErrorInfoSchema, { reason: 'BROKE', domain: 'acme', metadata: { by: '3' } }),
          ),
          { typeUrl: 'type.googleapis.com/acme.Unknown', value: new Uint8Array([1, 2]) },
        ],
      });
      shop = await startShop({
        echo() {
          throw Object.assign(new Error(), {
            code: status.FAILED_PRECONDITION,
            details: 'no money',
            metadata: details(toBinary(StatusSchema, rich)),
          });
        },
      });
      const result = await sendJson({});
      expect(result).toMatchObject({
        verdict: 'REJECTED',
        reason: 'rejected',
        status: 'FAILED_PRECONDITION',
        reply: { contentType: 'application/json', headers: { 'x-hint': 'later' } },
      });
      expect(result.reply?.headers).not.toHaveProperty('grpc-status-details-bin');
      expect(jsonOf(result)).toEqual({
        code: 9,
        message: 'no money',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'BROKE',
            domain: 'acme',
            metadata: { by: '3' },
          },
          { '@type': 'type.googleapis.com/acme.Unknown', value: 'AQI=' },
        ],
      });
    });

    test('a refusal whose details are garbage with its text', async () => {
      shop = await startShop({
        echo() {
          throw Object.assign(new Error(), {
            code: status.NOT_FOUND,
            details: 'no such order',
            metadata: details(Buffer.from('garbage')),
          });
        },
      });
      const result = await sendJson({});
      expect(result).toMatchObject({
        verdict: 'REJECTED',
        status: 'NOT_FOUND',
        reply: { contentType: 'text/plain; charset=utf-8' },
      });
      expect(Buffer.from(result.reply?.data ?? []).toString()).toBe('no such order');
    });
  });
});

/** A set whose message of this name has one field of type int32. */
function setOf(message: string, number: number): Uint8Array {
  return toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, {
      file: [
        {
          name: 'other.proto',
          package: 'acme.shop.v1',
          syntax: 'proto3',
          messageType: [{ name: message, field: [{ name: 'other', number, type: Type.INT32 }] }],
          service: [
            {
              name: 'Shop',
              method: [
                {
                  name: 'Echo',
                  inputType: `.acme.shop.v1.${message}`,
                  outputType: `.acme.shop.v1.${message}`,
                },
              ],
            },
          ],
        },
      ],
    }),
  );
}
