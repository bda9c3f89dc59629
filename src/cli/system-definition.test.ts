import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSystemFile, systemFromFlags } from './system-definition.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-systems-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const file = join(folder, 'systems.yaml');
  await writeFile(file, text);
  return readSystemFile(file);
}

describe('a file of systems', () => {
  const system = (id: string): string => `{id: ${id}, type: t, name: n, version: v, interfaces: {r: 'h:1'}}`;

  test('takes the short forms', async () => {
    const [definition] = await read(`
id: a
type: t
name: A
version: '1'
interfaces: {rest: 'http://h:1', grpc: {uri: 'h:2', health_check: {interval: 2s}}}
dependencies: [b, 'type:c', {target: {capability: d}, optional: true}]
configuration: {depth: 3, on: true}
lease_ttl: 5m
`);
    expect(definition).toMatchObject({
      leaseMs: 300_000,
      system: {
        interfaces: [
          { name: 'rest', uri: 'http://h:1' },
          { name: 'grpc', uri: 'h:2', healthCheck: { interval: { seconds: 2n } } },
        ],
        dependencies: [
          { target: { target: { case: 'systemId', value: 'b' } } },
          { target: { target: { case: 'type', value: 'c' } } },
          { optional: true, target: { target: { case: 'capability', value: 'd' } } },
        ],
        configuration: { depth: 3, on: true },
      },
    });
  });

  test.each([
    [system('a'), 1],
    [`[${system('a')}, ${system('b')}]`, 2],
    [`systems: [${system('a')}, ${system('b')}]`, 2],
    [`catalog: c\npolicies: [{name: p}]\nsystems: [${system('a')}]`, 1],
    [`${system('a')}\n---\n${system('b')}`, 2],
  ])('%s holds %i', async (text, count) => expect(await read(text)).toHaveLength(count));

  test.each([
    ['', /systems\.yaml: holds no systems/],
    ['[]', /holds no systems/],
    ['systems: 3', /systems\.yaml:1:1: systems: must be a list; found 3/],
    ['[1]', /systems\.yaml:1:2: \[0\]: must be a map of fields; found 1/],
    ['{id: a, colour: red}', /systems\.yaml:1:9: colour: no such field/],
    ['{id: a, weight: heavy}', /weight: must be a whole number .*; found "heavy"/],
    ['{id: a, dependencies: ["kind:x"]}', /systems\.yaml:1:24: dependencies\[0\]: must be system:ID/],
    ['{id: a, lease_ttl: 30}', /lease_ttl: must be a duration/],
    ['{id: a', /systems\.yaml:1:7: is not valid YAML or JSON/],
  ])('%s is refused', async (text, message) => expect(read(text)).rejects.toThrow(message));
});

describe('a system from flags', () => {
  test('an interface without a name is named by its scheme, and a query may hold an equals sign', () => {
    const { system } = systemFromFlags({ id: 'a', uri: ['http://h:1/?a=b', 'h:2', 'admin=https://h:3'] });
    expect(system.interfaces.map(({ name, uri }) => [name, uri])).toEqual([
      ['http', 'http://h:1/?a=b'],
      ['grpc', 'h:2'],
      ['admin', 'https://h:3'],
    ]);
  });

  test.each([
    [{ weight: 'x' }, /--weight "x"/],
    [{ label: ['novalue'] }, /key=value/],
    [{ label: ['a=1', 'a=2'] }, /given twice/],
    [{ lease: 'soon' }, /not a duration/],
  ])('%j is refused', (flags, message) => expect(() => systemFromFlags(flags)).toThrow(message));
});
