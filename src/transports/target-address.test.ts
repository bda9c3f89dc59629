import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAnyUri, parseGrpcUri, parseHttpUri, type ParsedUri } from './target-address.ts';

const shownOf = (parsed: ParsedUri): string => (parsed.ok ? parsed.address.shown : parsed.problem);

describe('the URI of an HTTP interface', () => {
  test.each([
    ['http://ledger', { host: 'ledger', port: 80, tls: false, authority: 'ledger', basePath: '' }],
    ['https://ledger/', { host: 'ledger', port: 443, tls: true, origin: 'https://ledger', basePath: '' }],
    [
      'HTTP://Ledger:8080/base/',
      { host: 'ledger', port: 8080, origin: 'http://ledger:8080', basePath: '/base' },
    ],
    ['http://[::1]:81/a/b', { host: '::1', port: 81, authority: '[::1]:81', basePath: '/a/b' }],
  ])('%s is read', (uri, address) => {
    expect(parseHttpUri(uri)).toMatchObject({ ok: true, address });
  });

  test.each([
    '',
    'ledger:80',
    'ftp://ledger',
    'http://',
    'http://ledger:0',
    'http://ledger:65536',
    'http://ledger?x=1',
    'http://ledger#x',
    'http://ledger\\x',
    'http://led ger',
    'http://lédger',
    'http://a@b',
    `http://${'a'.repeat(2048)}`,
  ])('%j is refused, and the problem says what was found', (uri) => {
    const parsed = parseHttpUri(uri);
    expect(parsed.ok).toBe(false);
    expect(shownOf(parsed)).toMatch(/^found ".*"; ./);
  });

  test('never shows a password', () => {
    const shown = shownOf(parseHttpUri('http://user:hunter2@ledger/x'));
    expect(shown).toContain('user and password are not allowed');
    expect(shown).not.toContain('hunter2');
  });
});

describe('the URI of a gRPC interface', () => {
  test.each([
    ['grpc://ledger:9000', { host: 'ledger', port: 9000, tls: false, shown: 'grpc://ledger:9000' }],
    ['grpcs://ledger:443/', { host: 'ledger', port: 443, tls: true, shown: 'grpcs://ledger:443' }],
    ['ledger:80', { host: 'ledger', port: 80, tls: false, shown: 'grpc://ledger:80' }],
    ['[::1]:9000', { host: '::1', port: 9000, authority: '[::1]:9000' }],
  ])('%s is read', (uri, address) => {
    expect(parseGrpcUri(uri)).toMatchObject({ ok: true, address });
  });

  test.each([
    '',
    'ledger',
    'grpc://ledger',
    'grpc://ledger:1/x',
    'http://ledger:1',
    'grpc://:9000',
    'ledger:0',
    'a:1:2',
  ])('%j is refused', (uri) => {
    expect(parseGrpcUri(uri).ok).toBe(false);
  });
});

test('no text makes parsing throw, and an address that is read can be connected to', () => {
  const uri = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.string().map((text) => `http://${text}`),
    fc.string().map((text) => `grpc://${text}:1`),
  );
  fc.assert(
    fc.property(uri, (text) => {
      for (const parsed of [parseHttpUri(text), parseGrpcUri(text), parseAnyUri(text)]) {
        if (!parsed.ok) continue;
        expect(parsed.address.host).not.toBe('');
        expect(parsed.address.port).toBeGreaterThan(0);
        expect(parsed.address.port).toBeLessThan(65_536);
      }
    }),
  );
});
