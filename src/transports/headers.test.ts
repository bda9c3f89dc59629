import fc from 'fast-check';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { describe, expect, test } from 'vitest';
import { firstValue, headerValue, passedOnHeaders, replyHeaders, saysNotExecuted } from './headers.ts';
import { replyHeaderBytesMax, replyHeadersMax } from './limits.ts';

const none: ReadonlySet<string> = new Set();

describe('headers that are passed on', () => {
  test('have lower-case names', () => {
    expect(passedOnHeaders({ 'X-Tenant': 'blue', Authorization: 'Bearer x' })).toEqual([
      ['x-tenant', 'blue'],
      ['authorization', 'Bearer x'],
    ]);
  });

  test.each([
    ...[
      'Connection',
      'Keep-Alive',
      'TE',
      'Trailer',
      'Transfer-Encoding',
      'Upgrade',
      'Proxy-Authorization',
      'HTTP2-Settings',
    ],
    ...[
      'Host',
      'Content-Length',
      'Content-Type',
      'Content-Encoding',
      'Accept-Encoding',
      'Expect',
      'User-Agent',
    ],
    ...[
      'Idempotency-Key',
      'traceparent',
      'X-Message-Id',
      'X-Source-System',
      'X-Switchyard-Hops',
      'Switchyard-Outcome',
    ],
    ...['grpc-timeout', 'Grpc-Status', ':path', '', 'a b', 'ä', 'a:b'],
  ])('do not include %j', (name) => {
    expect(passedOnHeaders({ [name]: 'x' })).toEqual([]);
  });

  test('are always valid for Node, whatever a message holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), (headers) => {
        for (const [name, value] of passedOnHeaders(headers)) {
          validateHeaderName(name);
          validateHeaderValue(name, value);
        }
      }),
    );
  });
});

describe('an id as a header value', () => {
  test('is itself when it is visible ASCII', () => {
    expect(headerValue('orders/42?x=ü'.slice(0, -1))).toBe('orders/42?x=');
  });

  test('never holds more than visible ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(headerValue(text)).toMatch(/^[\x21-\x7e]*$/);
      }),
    );
    expect(headerValue('\ud800')).toBe('%EF%BF%BD');
  });
});

describe("a reply's headers", () => {
  test('leave out those of the connection, pseudo headers and those named', () => {
    const headers = {
      ':status': 200,
      connection: 'close',
      'content-type': 'text/plain',
      'x-a': ['1', '2'],
      'x-b': undefined,
    };
    expect(replyHeaders(headers, new Set(['content-type']))).toEqual({ 'x-a': '1, 2' });
  });

  test('stay within their number and bytes, whatever comes', () => {
    const value = fc.string({ maxLength: 5000 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value, { maxKeys: 100 }), (headers) => {
        const kept = Object.entries(replyHeaders(headers, none));
        expect(kept.length).toBeLessThanOrEqual(replyHeadersMax);
        const bytes = kept.reduce((sum, [name, text]) => sum + name.length + Buffer.byteLength(text), 0);
        expect(bytes).toBeLessThanOrEqual(replyHeaderBytesMax);
      }),
    );
  });

  test('keep what fits behind one that does not', () => {
    const headers = { huge: 'x'.repeat(replyHeaderBytesMax), small: '1' };
    expect(replyHeaders(headers, none)).toEqual({ small: '1' });
  });
});

test('the first value of a header counts', () => {
  expect(firstValue({ a: ['1', '2'], b: 3 }, 'a')).toBe('1');
  expect(firstValue({ a: ['1', '2'], b: 3 }, 'b')).toBe('3');
  expect(firstValue({}, 'a')).toBeUndefined();
});

test.each([
  ['not-executed', true],
  [' Not-Executed ', true],
  ['executed', false],
  ['', false],
])('the outcome %j says that nothing was done: %s', (value, expected) => {
  expect(saysNotExecuted({ 'switchyard-outcome': value })).toBe(expected);
});
