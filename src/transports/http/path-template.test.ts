import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleMessage } from '../fixtures/send.fixture.ts';
import { MappingFault } from '../mapping/mapping-fault.ts';
import { mappingInputOf } from '../mapping/mapping-input.ts';
import { parsePath, renderPath } from './path-template.ts';

const render = (text: string, payload: unknown, encodedSlashes = false): string => {
  const parsed = parsePath(text, encodedSlashes);
  if (!parsed.ok) throw new Error(parsed.problem);
  const data = Buffer.from(JSON.stringify(payload));
  return renderPath(parsed.path, mappingInputOf(sampleMessage({ data }), 'pets'));
};

describe('a path', () => {
  test.each([
    ['/', '/'],
    ['/pets/', '/pets/'],
    ['/pets/{id}', '/pets/a%20b%3Fc%23d%25'],
    ['/a{n}b/{owner.id}.json', '/a7b/x.json'],
    ['/m/{$message.id}', '/m/msg-1'],
    ['/caf%C3%A9/{n}', '/caf%C3%A9/7'],
  ])('%s is rendered as %s', (path, expected) => {
    expect(render(path, { id: 'a b?c#d%', n: 7, owner: { id: 'x' } })).toBe(expected);
  });

  test('carries an id of 20 digits exactly', () => {
    const parsed = parsePath('/pets/{id}', false);
    const input = mappingInputOf(sampleMessage({ data: Buffer.from('{"id":12345678901234567890}') }), 'x');
    expect(parsed.ok && renderPath(parsed.path, input)).toBe('/pets/12345678901234567890');
  });

  test.each([
    ['pets', /begin with \//],
    ['//host/x', /\/\//],
    ['/a//b', /\/\//],
    ['/a/../b', /leaves the path/],
    ['/a/%2e%2E/b', /leaves the path/],
    ['/a/.', /leaves the path/],
    ['/a?x={id}', /"\?"/],
    ['/a#b', /"#"/],
    ['/a\\b', /\\\\/],
    ['/a b', /" "/],
    ['/a\r\nx: 1', /visible ASCII/],
    ['/é', /visible ASCII/],
    ['/100%', /percent-encoding/],
    ['/{id', /at character 1/],
  ])('%j is refused', (path, problem) => {
    const parsed = parsePath(path, false);
    expect(parsed.ok ? '' : parsed.problem).toMatch(problem);
  });

  test.each([
    [undefined, /\{id\} is missing/],
    [null, /\{id\} is missing/],
    ['', /\{id\} is empty/],
    ['..', /segment/],
    ['.', /segment/],
    ['a/b', /encoded_slashes/],
    ['a\\b', /encoded_slashes/],
    ['a\r\nb', /cannot carry/],
    ['a\u0000', /cannot carry/],
    ['\ud800', /cannot carry/],
    [{}, /is an object/],
  ])('refuses the value %j and names the placeholder', (id, message) => {
    expect(() => render('/pets/{id}', { id })).toThrow(message);
  });

  test('takes slashes where the operation says so, and still no way up', () => {
    expect(render('/p/{id}', { id: 'group/project' }, true)).toBe('/p/group%2Fproject');
    for (const id of ['../admin', 'a/../b', 'a\\..\\b', 'a/.'])
      expect(() => render('/p/{id}', { id }, true)).toThrow(/segment/);
  });

  test('has the same segments whatever the values are', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          '.',
          '/',
          '\\',
          '%',
          '2',
          'e',
          'E',
          'f',
          '?',
          '#',
          ';',
          ' ',
          '\r',
          '\n',
          '@',
          ':',
        ),
      }),
    );
    fc.assert(
      fc.property(nasty, nasty, fc.boolean(), (a, b, slashes) => {
        let path: string;
        try {
          path = render('/x/{a}/y/.{b}{a}/z', { a, b }, slashes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MappingFault);
          return;
        }
        expect(path).toMatch(/^[\x21-\x7e]+$/);
        // As a URL parser sees it: nothing was folded away, no query, no fragment, no other host.
        const url = new URL(path, 'http://host');
        expect([url.host, url.pathname, url.search, url.hash]).toEqual(['host', path, '', '']);
        const segments = path.split('/').map(decodeURIComponent);
        expect(segments).toEqual(['', 'x', a, 'y', `.${b}${a}`, 'z']);
        if (!slashes) expect(decodeURIComponent(path).split('/')).toHaveLength(6);
        // Nor does a server find a way up that decodes before it splits.
        expect(decodeURIComponent(path).split(/[/\\]/)).not.toContain('..');
      }),
      { numRuns: 2000 },
    );
  });
});
