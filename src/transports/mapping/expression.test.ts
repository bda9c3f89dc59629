import { describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { evaluationMsMax, expressionLengthMax } from '../limits.ts';
import { type Expression, Expressions } from './expression.ts';

const expressions = new Expressions();
const compiled = (text: string): Expression => {
  const result = expressions.compile(text);
  if (!result.ok) throw new Error(result.problem);
  return result.expression;
};
const evaluate = (text: string, input: unknown = {}): unknown =>
  expressions.evaluate({ body: compiled(text) }, input).body;

describe('an expression', () => {
  test('gives its value', () => {
    expect(
      evaluate('$sum(payload.items.(price * count))', { payload: { items: [{ price: 2, count: 3 }] } }),
    ).toBe(6);
    expect(evaluate('{"a": payload.b}', { payload: { b: [1, 2] } })).toEqual({ a: [1, 2] });
    expect(evaluate('payload.gone')).toBeUndefined();
  });

  test('is evaluated with others over one input', () => {
    const both = { a: compiled('x'), b: compiled('$string(x)') };
    expect(expressions.evaluate(both, { x: 1 })).toEqual({ a: 1, b: '1' });
  });

  test.each([
    ['payload.(', /is not JSONata: .* \(at character \d+\)/],
    ['', /empty/],
    [`"${'x'.repeat(expressionLengthMax)}"`, /at most 8192/],
    ['('.repeat(5000), /is not JSONata/],
    ['/(/', /is not JSONata/],
  ])('%.20s does not compile, and says why', (text, problem) => {
    expect(expressions.compile(text)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(problem) as string,
    });
  });

  test.each([
    ['"a" + 1', /body: .* \(at character \d+\)/],
    ['$error("no such pet")', /no such pet/],
    ['$eval("1 + 1")', /body: /],
    ['($f := function($n) { 1 + $f($n) }; $f(1))', /body: .*Stack overflow/],
    ['[1..1000000]', /body: .*sequence/],
    ['$reduce([1..40], function($a, $b) { $a & $a }, "xxxxxxxx")', /more than 4194304 characters/],
  ])('%s is a fault that names the field', (text, message) => {
    expect(() => evaluate(text)).toThrow(message);
  });

  test.each([
    ['calls itself for ever', '($f := function($n) { $f($n + 1) }; $f(1))', {}],
    [
      'holds a regular expression that never ends',
      '$match(payload, /^(a+)+$/)',
      { payload: `${'a'.repeat(60)}b` },
    ],
    [
      'is quadratic in a large payload',
      '$distinct(payload)',
      { payload: Array.from({ length: 200_000 }, (_, i) => i) },
    ],
  ])('that %s is interrupted, and the next one runs', (_, text, input) => {
    const startMs = systemClock.monotonic();
    expect(() => evaluate(text, input)).toThrow(/longer than 250 ms|timeout after 250/i);
    expect(systemClock.monotonic() - startMs).toBeLessThan(evaluationMsMax * 10);
    expect(evaluate('$string(x)', { x: 1 })).toBe('1');
  });

  test.each(['$.constructor', 'payload.__proto__', 'payload.constructor.constructor', '$toString'])(
    '%s reaches nothing beyond its input',
    (text) => {
      expect(evaluate(text, { payload: { a: 1 } })).toBeUndefined();
    },
  );

  test('does not change its input', () => {
    const input = { payload: { a: [3, 1, 2] } };
    evaluate('$sort(payload.a) ~> $append(1)', input);
    evaluate('payload ~> |$|{"b": 2}|', input);
    expect(input).toEqual({ payload: { a: [3, 1, 2] } });
  });
});
