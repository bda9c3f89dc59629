import { expect, test } from 'vitest';
import fc from 'fast-check';
import { compileTemplate } from './template.ts';
import type { TemplateValues } from './template.ts';

const values: TemplateValues = {
  n: 7,
  nowMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  uuid: () => 'a-uuid',
  line: '{"user": {"id": "u\\"1", "tags": [1, 2]}}',
  variable: (name) => (name === 'HOME' ? '/root' : undefined),
};
const rendered = (text: string, changed: Partial<TemplateValues> = {}): string =>
  compileTemplate(text, '--json')({ ...values, ...changed });

test.each([
  ['{{n}}/{{ n }}', '7/7'],
  ['{{uuid}}', 'a-uuid'],
  ['{{now}}', '2026-01-02T03:04:05.678Z'],
  ['{{now_ms}}', '1767323045678'],
  ['{{env.HOME}}', '/root'],
  ['{{line.user.id}}', 'u"1'],
  ['{"id": {{json line.user.id}}}', '{"id": "u\\"1"}'],
  ['{{line.user.tags}}', '[1,2]'],
  ['{{line.user.tags.1}}', '2'],
  ['{{json line}}', '{"user": {"id": "u\\"1", "tags": [1, 2]}}'],
  ['a { b } {{{n}}}', 'a { b } {7}'],
  ['{{ not a name! }}', '{{ not a name! }}'],
])('%s becomes %s', (text, expected) => expect(rendered(text)).toBe(expected));

test('a line that is no JSON is text, also as a JSON value', () => {
  expect(rendered('{{line}}', { line: 'say "hi"' })).toBe('say "hi"');
  expect(rendered('{{json line}}', { line: 'say "hi"' })).toBe('"say \\"hi\\""');
});

test.each([
  ['{{nn}}', {}, /--json: there is no placeholder \{\{nn\}\}; there are n, uuid/],
  ['{{n.x}}', {}, /no placeholder/],
  ['{{env}}', {}, /no placeholder/],
  ['{{env.NONE}}', {}, /the variable NONE is not set/],
  ['{{line}}', { line: undefined }, /needs --lines/],
  ['{{line.user.name}}', {}, /the line has no field name/],
  ['{{line.constructor}}', {}, /no field constructor/],
  ['{{line.a}}', { line: 'x' }, /not JSON/],
])('%s is refused', (text, changed, message) => expect(() => rendered(text, changed)).toThrow(message));

test('a JSON value is JSON whatever the line holds', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (line) => {
      expect(() => void JSON.parse(rendered('[{{json line}}]', { line }))).not.toThrow();
    }),
  );
});

test('a text without placeholders stays as it is', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('{{')),
      (text) => {
        expect(rendered(text)).toBe(text);
      },
    ),
  );
});
