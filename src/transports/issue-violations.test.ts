import { expect, test } from 'vitest';
import { z } from 'zod';
import { schemaViolations } from './issue-violations.ts';
import { secretText } from './secret-value.ts';

const schema = z.strictObject({
  size: z.number().optional(),
  tls: z.strictObject({ ca: z.string().optional() }).optional(),
  list: z.array(z.strictObject({ name: z.string() })).optional(),
  headers: z.record(z.string(), secretText).optional(),
});

test.each<[string, unknown, string[]]>([
  [
    'an unknown field',
    { colour: 1 },
    ['settings.colour: is no field; allowed here are size, tls, list, headers'],
  ],
  [
    'several within a field',
    { tls: { a: 1, b: 2 } },
    ['settings.tls.a: is no field; allowed here are ca', 'settings.tls.b: is no field; allowed here are ca'],
  ],
  [
    'one in a list',
    { list: [{ name: 'x', y: 1 }] },
    ['settings.list[0].y: is no field; allowed here are name'],
  ],
  [
    'an alternative that is near',
    { headers: { A: { secret_ref: 7 } } },
    ['settings.headers.A.secret_ref: Invalid input: expected string, received number'],
  ],
  [
    'no alternative at all',
    { headers: { A: 7 } },
    ['settings.headers.A: must be a text, or {"secret_ref": "env:NAME"}'],
  ],
  ['nothing', { size: 1 }, []],
])('%s is told by its path', (_name, value, expected) => {
  expect(
    schemaViolations(schema, value, 'settings').map(({ path, message }) => `${path}: ${message}`),
  ).toEqual(expected);
});

test('without a base the path begins with the field', () => {
  expect(schemaViolations(schema, { colour: 1 }, '')[0]?.path).toBe('colour');
});
