import { type CloudEventV1, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { Message } from '../../base/message.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { type HttpRequestSeen, startHttpTarget } from '../fixtures/http-server.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { sendTo } from '../fixtures/send.fixture.ts';
import { attributeHeader } from './cloudevents.ts';
import { createHttpTransport } from './http-transport.ts';

const modes = ['cloudevents-binary', 'cloudevents-structured'] as const;

describe('a CloudEvent', () => {
  let transport: Transport;
  beforeEach(() => {
    transport = createHttpTransport({
      clock: systemClock,
      egress: createEgress({ clock: systemClock }),
      prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
      secrets: fixedSecrets(),
      identities: fixedIdentities(),
    });
  });
  afterEach(() => transport.close());

  /** The event as the SDK reads it from a real request, and the request. */
  const received = async (
    envelope: string,
    message: Partial<Message> = {},
  ): Promise<{ event: CloudEventV1<unknown>; seen: HttpRequestSeen; result: AttemptResult }> => {
    await using server = await startHttpTarget((response) => {
      const answer = HTTP.binary(sampleAnswer);
      response.writeHead(200, answer.headers as Record<string, string>).end(answer.body);
    });
    const result = await sendTo(transport, `http://127.0.0.1:${server.port}`, {
      settings: { envelope },
      message,
    });
    const seen = server.seen[0]!;
    const event = HTTP.toEvent({
      headers: seen.headers,
      body: seen.body.toString(),
    }) as CloudEventV1<unknown>;
    return { event, seen, result };
  };
  const sampleAnswer = {
    id: 'answer-1',
    source: '/ledger',
    type: 'booked',
    specversion: '1.0',
    data: { ok: true },
    datacontenttype: 'application/json',
  } as unknown as Parameters<typeof HTTP.binary>[0];

  test.each(modes)('(%s) is one to the SDK, with the message as its attributes', async (mode) => {
    const { event, seen } = await received(mode, { headers: { 'x-tenant': 'blue', 'ce-id': 'forged' } });
    expect(event).toMatchObject({
      specversion: '1.0',
      id: 'msg-1',
      source: 'orders',
      type: 'data_request',
      time: '2026-01-02T03:04:05.678Z',
      datacontenttype: 'application/json',
      data: { ping: 1 },
      correlationid: 'corr-1',
      priority: 'HIGH',
      kind: 'REQUEST',
      target: 'ledger',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    expect(Number(event['attempt'])).toBe(1);
    expect(seen).toMatchObject({
      method: 'POST',
      path: '/api/v1/messages',
      headers: { 'x-tenant': 'blue', 'idempotency-key': 'msg-1', 'x-switchyard-hops': '2' },
    });
    for (const name of Object.keys(event))
      if (event[name] !== undefined) expect(name).toMatch(/^[a-z0-9_]+$/);
  });

  test('(binary) carries the payload byte by byte', async () => {
    const data = Buffer.from([0, 255, 13, 10]);
    const { seen } = await received('cloudevents-binary', { data, contentType: 'application/octet-stream' });
    expect(seen.body.equals(data)).toBe(true);
    expect(seen.headers['content-type']).toBe('application/octet-stream');
  });

  test('(structured) splices JSON in byte by byte', async () => {
    const { seen } = await received('cloudevents-structured', {
      data: Buffer.from('{ "big": 12345678901234567890 }'),
    });
    expect(seen.body.toString()).toContain('"data":{ "big": 12345678901234567890 }}');
    expect(seen.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
  });

  test.each([
    ['bytes', 'application/octet-stream', Buffer.from([0, 255])],
    ['text that says it is JSON and is not', 'application/json', Buffer.from('{"a":1},"id":"forged"')],
  ])('(structured) holds %s as base64', async (_, contentType, data) => {
    const { seen } = await received('cloudevents-structured', { data, contentType });
    const body = JSON.parse(seen.body.toString()) as Record<string, unknown>;
    expect(body).toMatchObject({
      data_base64: data.toString('base64'),
      datacontenttype: contentType,
      id: 'msg-1',
    });
    expect(body).not.toHaveProperty('data');
  });

  test.each(modes)('(%s) without a source and a payload is still one', async (mode) => {
    const { event } = await received(mode, { source: '', data: new Uint8Array(), correlationId: '' });
    expect(event).toMatchObject({ source: 'switchyard', id: 'msg-1' });
    expect(event.correlationid).toBeUndefined();
    expect(event.data ?? '').toBe('');
  });

  test('(binary) percent-encodes attributes as the specification has it', async () => {
    const { event } = await received('cloudevents-binary', { id: 'a b"%€\r\nx-injected: 1' });
    expect(event.id).toBe('a%20b%22%25%E2%82%AC%0D%0Ax-injected:%201');
    expect(attributeHeader('Euro € 😀')).toBe('Euro%20%E2%82%AC%20%F0%9F%98%80');
  });

  test('(binary) attributes of any text are visible ASCII that decodes to it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const value = attributeHeader(text);
        expect(value).toMatch(/^[\x21\x23-\x7e]*$/);
        expect(decodeURIComponent(value)).toBe(text.toWellFormed());
      }),
    );
  });

  test.each(modes)('(%s) that comes as the answer is the reply as it is', async (mode) => {
    const { result } = await received(mode);
    expect(result).toMatchObject({
      verdict: 'OK',
      reply: { contentType: 'application/json', headers: { 'ce-id': 'answer-1', 'ce-type': 'booked' } },
    });
    expect(Buffer.from(result.reply?.data ?? []).toString()).toBe('{"ok":true}');
  });
});
