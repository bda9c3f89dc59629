import { expect, test } from 'vitest';
import { sampleMessage } from '../fixtures/send.fixture.ts';
import { mappingInputOf } from './mapping-input.ts';
import { parseTemplate, renderTemplate } from './template.ts';

const render = (text: string, payload: unknown): string | undefined => {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  const data = Buffer.from(JSON.stringify(payload));
  return renderTemplate(parsed.template, mappingInputOf(sampleMessage({ data }), 'pets'), 'query.q');
};

test.each([
  ['no placeholder', 'no placeholder'],
  ['{a}', '1'],
  ['{b.c}-{list.1}', 'x-20'],
  ['{$message.id}/{$message.headers.tenant}', undefined],
  ['{$message.id} of {$message.target}', 'msg-1 of pets'],
  ['{{a}} {yes}', '{a} true'],
  ['{nothing}', undefined],
  ['{gone.deeper}', undefined],
  ['{toString}{b.constructor}', undefined],
])('%s is rendered as %j', (template, text) => {
  expect(render(template, { a: 1, b: { c: 'x' }, list: [10, 20], yes: true, nothing: null })).toBe(text);
});

test.each(['{b}', '{list}'])('%s that is no text is a fault that names it', (template) => {
  expect(() => render(template, { b: {}, list: [] })).toThrow(/query\.q: the placeholder \{/);
});

test.each([
  ['{a', 0],
  ['x}', 1],
  ['a{}', 1],
  ['{a b}', 0],
  ['{a..b}', 0],
  ['{$other.x}', 0],
])('%s is refused at its place', (template, at) => {
  expect(parseTemplate(template)).toMatchObject({
    ok: false,
    problem: expect.stringContaining(`at character ${at}`) as string,
  });
});

test('a payload that says it is JSON and is not is a fault', () => {
  expect(() => mappingInputOf(sampleMessage({ data: Buffer.from('{') }), 'x').payload).toThrow(
    /payload: says that it is application\/json and is not/,
  );
});
