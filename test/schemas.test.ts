import { Ajv2020 } from 'ajv/dist/2020.js';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { fileSchemas } from '../scripts/file-schemas.ts';
import { catalogFile } from '../src/catalog/catalog-file.ts';
import { runCli } from './cli/run-cli.ts';
import { root } from './root.ts';

const schemas = fileSchemas();
// Strict, but for unions of types, which the schemas mean.
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
ajv.addFormat('base64', /^[A-Za-z0-9+/]*={0,2}$/);
const isCatalog = ajv.compile(schemas['catalog'] ?? {});
const isConfiguration = ajv.compile(schemas['config'] ?? {});

describe('the schemas in gen/', () => {
  test.each(Object.keys(schemas))('%s is what npm run gen writes', (name) => {
    const written: unknown = JSON.parse(readFileSync(join(root, `gen/schemas/${name}.schema.json`), 'utf8'));
    expect(written).toEqual(schemas[name]);
  });

  test.each(['catalog', 'config'])('%s is what `switchyard schema` prints', async (name) => {
    const { stdout, exitCode } = await runCli(['schema', name]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual(schemas[name]);
  });

  test('say what each field is for', () => {
    const undescribed: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      const { properties } = value as { properties?: Record<string, { description?: string }> };
      for (const [name, field] of Object.entries(properties ?? {})) {
        if (!path.includes('/if') && field.description === undefined && !path.includes('_Interface'))
          undescribed.push(`${path}/${name}`);
      }
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}/${key}`);
    };
    visit(schemas['catalog'], '');
    expect(undescribed).toEqual([]);
  });
});

test('docs/catalogs.md and docs/configuration.md name every field of a catalog', () => {
  const documents = ['docs/catalogs.md', 'docs/configuration.md'].map((name) =>
    readFileSync(join(root, name), 'utf8'),
  );
  const definitions = Object.entries({
    ...(schemas['catalog']?.['$defs'] as Record<string, { properties?: object }>),
    Catalog: schemas['catalog'] as { properties?: object },
  }).filter(([name]) => !name.endsWith('_Interface'));
  const missing = definitions.flatMap(([definition, { properties = {} }]) =>
    Object.keys(properties)
      .filter((field) => !documents.some((text) => new RegExp(`\`${field}[\`.]`).test(text)))
      .map((field) => `${definition}.${field}`),
  );
  expect(missing).toEqual([]);
});

const folder = join(root, 'examples/aim-os');
const examples = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

describe('every example', () => {
  test.each(examples)('%s is a catalog for editors and for the hub, and names the schema', (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(text).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/\.\.\/gen\/schemas\/catalog\.schema\.json\n/,
    );
    for (const document of parseAllDocuments(text)) {
      const value: unknown = document.toJS();
      isCatalog(value);
      expect(isCatalog.errors ?? []).toEqual([]);
      expect(catalogFile.safeParse(value).success).toBe(true);
    }
  });

  test('of a configuration is one for editors', () => {
    isConfiguration(parse(readFileSync(join(folder, 'hub/config.yaml'), 'utf8')));
    expect(isConfiguration.errors ?? []).toEqual([]);
  });
});

const system = "id: a, type: t, name: n, version: '1'";
test.each<[string, boolean, string]>([
  ['a map of interfaces', true, `systems: [{${system}, interfaces: {rest: 'http://h'}}]`],
  ['a list of interfaces', true, `systems: [{${system}, interfaces: [{name: r, uri: 'http://h'}]}]`],
  [
    'both forms of a dependency',
    true,
    `systems: [{${system}, interfaces: {r: 'h:1'}, dependencies: [b, {target: 'type:c'}]}]`,
  ],
  ['an unknown field', false, 'catalogue: a'],
  ['a duration without unit', false, 'policies: [{name: p, timeout: 30}]'],
  ['a duration of an unknown unit', false, "policies: [{name: p, timeout: '3 s'}]"],
  ['an unknown enum', false, 'policies: [{name: p, repeat_safety: MAYBE}]'],
  ['a system without interfaces', false, `systems: [{${system}}]`],
  ['a name that is no slug', false, 'catalog: A B'],
  ['a descriptor set in two ways', false, 'descriptor_sets: [{name: a, file: b, data: AAAA}]'],
  [
    'a gRPC method',
    true,
    `systems: [{${system}, interfaces: {g: {uri: 'h:1', routes: [{message_type: a, operation: {method: p.S/M}}]}}}]`,
  ],
  [
    'a gRPC method that is none',
    false,
    `systems: [{${system}, interfaces: {g: {uri: 'h:1', routes: [{message_type: a, operation: {method: M}}]}}}]`,
  ],
  [
    'a setting that gRPC does not have',
    false,
    `systems: [{${system}, interfaces: [{name: g, uri: 'grpc://h:1', settings: {colour: red}}]}]`,
  ],
  [
    'an HTTP operation',
    true,
    `systems: [{${system}, interfaces: {r: {uri: 'http://h', routes: [{message_type: a, operation: {method: GET, path: '/p/{id}'}}]}}}]`,
  ],
  [
    'an HTTP operation with an unknown method',
    false,
    `systems: [{${system}, interfaces: {r: {uri: 'http://h', routes: [{message_type: a, operation: {method: 7, path: '/p'}}]}}}]`,
  ],
  [
    'settings of a plug-in',
    true,
    `systems: [{${system}, interfaces: [{name: g, uri: 'amqp://h:1', protocol: PLUGIN, settings: {colour: red}}]}]`,
  ],
])('%s: %j', (_name, expected, text) => {
  expect(isCatalog(parse(text)), JSON.stringify(isCatalog.errors)).toBe(expected);
});

test.each<[string, boolean]>([
  ['listen: 127.0.0.1:0', true],
  ['health: {interval: 2s}', true],
  ['health: {interval: 2}', false],
  ['colour: red', false],
  ['policies: [{name: p, retry: {attempts: 0}}]', false],
])('configuration %s: %j', (text, expected) => expect(isConfiguration(parse(text))).toBe(expected));
