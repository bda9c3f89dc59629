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
  test('takes the short forms', async () => {
    const [definition] = await read(`
id: a
type: t
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
    ['{id: a}', 1],
    ['[{id: a}, {id: b}]', 2],
    ['systems: [{id: a}, {id: b}]', 2],
    ['{"systems": [{"id": "a"}]}', 1],
  ])('%s holds %i', async (text, count) => expect(await read(text)).toHaveLength(count));

  test.each([
    ['', /no systems/],
    ['[]', /no systems/],
    ['systems: 3', /no systems/],
    ['[1]', /number 1: it is not a mapping/],
    ['{id: a, colour: red}', /system a: .*"colour"/],
    ['{id: a, weight: heavy}', /system a: .*weight/],
    ['{id: a, dependencies: ["kind:x"]}', /system a: .*not a target/],
    ['{id: a, lease_ttl: 30}', /system a: lease_ttl/],
    ['{id: a', /neither YAML nor JSON/],
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
