import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../base/clock.ts';
import { createEgress } from '../egress.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { envelopeOperation, paginationSettings, restOperation } from './http-operation.ts';
import { httpSettings } from './http-settings.ts';
import { createHttpTransport } from './http-transport.ts';

const page = readFileSync(new URL('../../../docs/interfaces.md', import.meta.url), 'utf8');
const section = /^## HTTP$.*?(?=^## )/ms.exec(page)?.[0] ?? '';

interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly oneOf?: readonly SchemaNode[];
}
const fieldsOf = (schema: z.ZodType): [string, SchemaNode][] => {
  const node = z.toJSONSchema(schema, { io: 'input' }) as SchemaNode;
  return [node, ...(node.oneOf ?? [])].flatMap(({ properties = {} }) => Object.entries(properties));
};

/** Names in the first column of the table whose first heading this is. */
const documented = (heading: string): string[] => {
  const table = section.slice(section.indexOf(`| ${heading}`)).split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| (`[^|]*)\|/gm)]
    .flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name))
    .sort();
};

test.each([
  ['setting ', [httpSettings]],
  ['field of an operation', [restOperation, envelopeOperation]],
  ['field of `pagination`', [paginationSettings]],
])(
  'the table "%s" of docs/interfaces.md names every field, and each field describes itself',
  (heading, schemas) => {
    const fields = schemas.flatMap(fieldsOf);
    expect(documented(heading)).toEqual([...new Set(fields.map(([name]) => name))].sort());
    for (const [name, { description }] of fields)
      expect(description ?? '', `description of ${name}`).not.toBe('');
  },
);

test('the interface in docs/interfaces.md is accepted', () => {
  const [, example = ''] = /```json\n(.*?)```/s.exec(section) ?? [];
  const { uri, settings, routes } = JSON.parse(example) as {
    uri: string;
    settings: Record<string, unknown>;
    routes: { message_type: string; operation: Record<string, unknown> }[];
  };
  const transport = createHttpTransport({
    clock: systemClock,
    egress: createEgress({ clock: systemClock }),
    prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
    secrets: fixedSecrets(),
    identities: fixedIdentities(),
  });
  expect(routes).toHaveLength(5);
  expect(
    transport.checkEndpoint({
      uri,
      settings,
      routes: routes.map(({ message_type, operation }) => ({
        messageType: message_type,
        operation,
        repeatSafety: undefined,
      })),
    }),
  ).toEqual([]);
});
