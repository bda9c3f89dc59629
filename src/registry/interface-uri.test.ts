import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseInterfaceUri } from './interface-uri.ts';

describe('parseInterfaceUri', () => {
  test.each([
    ['http://localhost:8001', 'HTTP', 'http://localhost:8001'],
    ['HTTPS://Api.Example.COM/base/', 'HTTP', 'https://api.example.com/base/'],
    ['http://[::1]:80/x', 'HTTP', 'http://[::1]:80/x'],
    ['grpc://localhost:8002', 'GRPC', 'grpc://localhost:8002'],
    ['grpc://localhost:8002/', 'GRPC', 'grpc://localhost:8002'],
    ['grpcs://10.0.0.1:443', 'GRPC', 'grpcs://10.0.0.1:443'],
    ['LOCALHOST:8002', 'GRPC', 'grpc://localhost:8002'],
    ['[::1]:8002', 'GRPC', 'grpc://[::1]:8002'],
  ])('reads %s as %s', (uri, protocol, canonical) => {
    expect(parseInterfaceUri(uri)).toEqual({ ok: true, protocol, canonical });
  });

  test.each([
    ['', 'is empty'],
    ['ftp://host:21', 'scheme "ftp"; allowed are http://, https://, grpc://, grpcs://, ws://'],
    ['constructor://host:21', 'scheme "constructor"'],
    ['localhost', 'allowed are http://'],
    ['localhost:8002/path', 'allowed are http://'],
    ['http:/localhost', 'allowed are http://'],
    ['http://user:secret@host/', 'user or password'],
    ['user:secret@host:80', 'user or password'],
    ['http://', 'no host'],
    ['http://:80', 'no host'],
    ['http://host:0', 'port "0"'],
    ['http://host:', 'port ""'],
    ['http://host:65536', 'port "65536"'],
    ['http://ho st', 'white space'],
    ['http://host/\u0000', 'control character'],
    ['http://a<b/', 'host "a<b"'],
    ['http://host/?a=1', 'query or fragment'],
    ['http://host/#a', 'query or fragment'],
    ['grpc://host', 'no port'],
    ['grpc://host:1/path', 'path'],
    ['[::1:8002', 'address'],
    [`http://h/${'a'.repeat(2048)}`, 'at most 2048'],
  ])('refuses %j', (uri, message) => {
    const result = parseInterfaceUri(uri);
    expect(result).toMatchObject({ ok: false });
    expect(!result.ok && result.message).toContain(message);
  });

  test('never repeats a password in its refusal', () => {
    for (const uri of ['http://user:hunter2@host', 'user:hunter2@host:1', 'ftp://user:hunter2@host']) {
      const result = parseInterfaceUri(uri);
      expect(!result.ok && result.message).not.toContain('hunter2');
      expect(result.ok).toBe(false);
    }
  });

  test('reads its own canonical form as itself, whatever it accepts', () => {
    const port = fc.integer({ min: 1, max: 65_535 });
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
    );
    const uri = fc.oneof(
      fc.tuple(host, port).map(([name, number]) => `${name}:${number}`),
      fc.tuple(fc.constantFrom('grpc', 'grpcs'), host, port).map(([s, name, p]) => `${s}://${name}:${p}`),
      fc
        .tuple(fc.constantFrom('http', 'HTTPS'), host, fc.webPath())
        .map(([s, name, path]) => `${s}://${name}${path}`),
    );
    fc.assert(
      fc.property(uri, (text) => {
        const first = parseInterfaceUri(text);
        fc.pre(first.ok);
        expect(parseInterfaceUri(first.canonical)).toEqual(first);
      }),
    );
  });

  test('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => `http://${text}`),
        ),
        (text) => {
          parseInterfaceUri(text);
        },
      ),
    );
  });
});
