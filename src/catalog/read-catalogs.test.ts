import { create, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { CatalogFileError, violationText } from './catalog-file-error.ts';
import { createCatalogLoader } from './catalog-loader.ts';
import { makeCatalogFolder, systemYaml } from './catalogs.fixture.ts';
import { readCatalogs } from './read-catalogs.ts';
import { readSources } from './source-files.ts';

const descriptorSet = toBinary(
  FileDescriptorSetSchema,
  create(FileDescriptorSetSchema, { file: [{ name: 'a.proto', package: 'a' }] }),
);

async function readText(text: string) {
  return readCatalogs(await readSources(['-'], () => Promise.resolve(text)));
}

async function violationsOf(reading: Promise<unknown>, folder = ''): Promise<readonly string[]> {
  const error: unknown = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CatalogFileError)) throw new Error(`no CatalogFileError: ${String(error)}`);
  return error.violations.map((violation) =>
    violationText({ ...violation, file: folder === '' ? violation.file : relative(folder, violation.file) }),
  );
}

const whole = `
catalog: payments
systems:
  - id: ledger_1
    type: ledger
    name: Ledger
    version: "1.0"
    capabilities: [payments.book]
    dependencies: [audit_1, "type:audit", {target: {capability: clock}, optional: true}]
    interfaces:
      - name: rest_api
        uri: http://127.0.0.1:8001
        protocol: HTTP
        settings: {success: [200, 201]}
        health_check: {kind: TCP, interval: 2s}
        routes:
          - {message_type: ledger.get, operation: {method: GET, path: '/l/{id}'}, repeat_safety: SAFE}
    labels: {team: payments}
    weight: 3
    lease_ttl: 60s
  - {id: ledger_2, type: ledger, name: Ledger, version: '1', interfaces: {grpc: '127.0.0.1:9'}}
policies:
  - name: ledger.reads
    match: {types: [ledger], kinds: [QUERY]}
    timeout: 1.5s
    retry: {attempts: 5, initial_delay: 0ms, on: [reset]}
  - {name: ledger.breaker, breaker: {failure_rate: 0, open_for: 5s}, balance: ROUND_ROBIN, panic: false}
`;

describe('a catalog', () => {
  test('becomes the contract’s message, whole', async () => {
    const [read] = await readText(whole);
    expect(read?.catalog).toMatchObject({
      name: 'payments',
      systems: [
        {
          id: 'ledger_1',
          capabilities: ['payments.book'],
          dependencies: [
            { target: { target: { case: 'systemId', value: 'audit_1' } }, optional: false },
            { target: { target: { case: 'type', value: 'audit' } }, optional: false },
            { target: { target: { case: 'capability', value: 'clock' } }, optional: true },
          ],
          interfaces: [
            {
              name: 'rest_api',
              protocol: Protocol.HTTP,
              settings: { success: [200, 201] },
              healthCheck: { kind: 3, interval: { seconds: 2n } },
              routes: [
                {
                  messageType: 'ledger.get',
                  operation: { method: 'GET', path: '/l/{id}' },
                  repeatSafety: RepeatSafety.SAFE,
                },
              ],
            },
          ],
          labels: { team: 'payments' },
          weight: 3,
        },
        { id: 'ledger_2', interfaces: [{ name: 'grpc', uri: '127.0.0.1:9' }], weight: 0 },
      ],
      policies: [
        {
          name: 'ledger.reads',
          match: { types: ['ledger'], kinds: [5] },
          timeout: { seconds: 1n, nanos: 500_000_000 },
          retry: { attempts: 5, initialDelay: { seconds: 0n, nanos: 0 }, on: ['reset'] },
        },
        { name: 'ledger.breaker', breaker: { failureRate: 0, openFor: { seconds: 5n } }, panic: false },
      ],
    });
    expect(read?.catalog.policies[1]?.breaker?.consecutiveFailures).toBeUndefined();
  });

  test('may be JSON with tabs', async () => {
    const json = JSON.stringify({ catalog: 'a', policies: [{ name: 'p' }] }, undefined, '\t');
    const [read] = await readText(json);
    expect(read?.catalog).toMatchObject({ name: 'a', policies: [{ name: 'p' }] });
  });

  test('is put together from the files of a folder, sorted; hidden files and folders in it are left aside', async () => {
    await using folder = await makeCatalogFolder({
      'b.yaml': `systems: [${systemYaml('b')}]`,
      'a.yml': `catalog: one\nsystems: [${systemYaml('a')}]\n---\npolicies: [{name: p}]`,
      'c.json': `{"systems": [${systemYaml('c').replaceAll("'", '"')}]}`,
      '.hidden.yaml': 'nonsense: [',
      'notes.txt': 'not read',
      'inner/d.yaml': 'catalog: other',
    });
    const catalogs = await readCatalogs(await readSources([folder.path]));
    expect(catalogs.map(({ catalog }) => [catalog.name, catalog.systems.map(({ id }) => id)])).toEqual([
      ['one', ['a', 'b', 'c']],
    ]);
    expect(catalogs[0]?.catalog.policies.map(({ name }) => name)).toEqual(['p']);
  });

  test('several may stand in one file, each document of no name with the one before', async () => {
    const catalogs = await readText(
      'catalog: one\n---\npolicies: [{name: p}]\n---\ncatalog: two\n---\npolicies: [{name: p}]\n',
    );
    expect(catalogs.map(({ catalog }) => [catalog.name, catalog.policies.length])).toEqual([
      ['one', 1],
      ['two', 1],
    ]);
  });

  test('takes descriptor sets from files beside it and from base64', async () => {
    await using folder = await makeCatalogFolder({
      'sub/a.yaml': `catalog: a\ndescriptor_sets: [{name: f, file: ../set.binpb}, {name: d, data: ${Buffer.from(descriptorSet).toString('base64')}}]`,
      'set.binpb': descriptorSet,
    });
    const [read] = await readCatalogs(await readSources([join(folder.path, 'sub')]));
    expect(read?.catalog.descriptorSets.map(({ name, data }) => [name, Buffer.from(data)])).toEqual([
      ['f', Buffer.from(descriptorSet)],
      ['d', Buffer.from(descriptorSet)],
    ]);
  });

  test.each([
    ['catalog.systems[0].interfaces[0].routes[0].operation.path', '-:17:65', 'x'],
    ['catalog.systems[0].interfaces[0].uri', '-:12:9', 'x'],
    ['catalog.systems[0].labels["team"]', '-:18:14', 'x'],
    ['catalog.systems[1].interfaces[0].uri', '-:21:75', 'a key of the map form'],
    ['catalog.systems[1].zone', '-:21:5', 'what would hold it'],
    ['catalog.policies[0].retry.initial_delay', '-:26:26', 'x'],
    ['catalog.policies[1].breaker.open_for', '-:27:55', 'x'],
    ['catalog.name', '-:2:1', 'x'],
  ])('a violation of the hub in %s stands at %s', async (field, expected) => {
    const [read] = await readText(whole);
    const { file, line, column } = read?.locate(field) ?? { file: '', line: 0, column: 0 };
    expect(`${file}:${line}:${column}`).toBe(expected);
  });

  test('a violation of the hub beside the catalog stands nowhere', async () => {
    expect((await readText(whole))[0]?.locate('prune')).toBeUndefined();
  });
});

describe('a bad catalog', () => {
  test.each<[string, string, readonly string[]]>([
    [
      'an unknown field',
      'catalog: a\ncolour: red\n',
      ['-:2:1: colour: no such field; allowed here are catalog, systems, policies, descriptor_sets'],
    ],
    [
      'everything at once',
      `catalog: A b
systems:
  - id: x
    typ: ledger
    name: 7
    version: 1.10
    interfaces: {rest: 'http://h', grpc: {url: 'h:1'}}
    weight: heavy
    lease_ttl: 30
policies:
  - name: p
    timeout: 3 seconds
    match: {kinds: [NOPE]}
`,
      [
        '-:1:1: catalog: must be a dotted lower-case slug such as payments.ledger, at most 128 bytes; found "A b"',
        '-:3:5: systems[0].type: is required: text',
        '-:5:5: systems[0].name: must be text; found 7 (put it in quotes)',
        '-:6:5: systems[0].version: must be text; found 1.1 (put it in quotes)',
        '-:7:36: systems[0].interfaces.grpc.uri: is required: text',
        '-:7:43: systems[0].interfaces.grpc.url: no such field; allowed here are protocol, uri, settings, health_check, routes',
        '-:8:5: systems[0].weight: must be a whole number from 1 to 1000; found "heavy"',
        '-:9:5: systems[0].lease_ttl: must be a duration such as 250ms, 30s or 5m, from 1s to 1d; found 30',
        '-:4:5: systems[0].typ: no such field; allowed here are id, type, name, version, capabilities, dependencies, interfaces, configuration, labels, weight, zone, owner, lease_ttl',
        '-:13:21: policies[0].match.kinds[0]: must be one of REQUEST, RESPONSE, EVENT, COMMAND, QUERY, NOTIFICATION, HEARTBEAT, ERROR; found "NOPE"',
        '-:12:5: policies[0].timeout: must be a duration such as 250ms, 30s or 5m, from 1ms to 1h; found "3 seconds"',
      ],
    ],
    ['no name', 'policies: []\n', ['-:1:1: catalog: is required: write "catalog: NAME"']],
    ['nothing', '# only a comment\n', ['-: holds no catalog: write "catalog: NAME" and systems or policies']],
    ['a list', '- a\n', ['-:1:1: must be a map of fields; found a list of 1']],
    ['not YAML', 'a: [1\nb: 2\n', [expect.stringMatching(/^-:2:1: is not valid YAML or JSON: /) as string]],
    [
      'a key twice',
      'catalog: a\ncatalog: b\n',
      ['-:2:1: is not valid YAML or JSON: Map keys must be unique'],
    ],
    [
      'a ring of aliases',
      'catalog: a\nsystems: &r [*r]\n',
      [expect.stringMatching(/^-:1:1: cannot be read: /) as string],
    ],
    [
      'a bomb of aliases',
      `a: &a [${'x,'.repeat(50)}]\nb: &b [${'*a,'.repeat(50)}]\nc: &c [${'*b,'.repeat(50)}]\nd: [${'*c,'.repeat(50)}]\n`,
      [expect.stringMatching(/^-:1:1: cannot be read: .*alias/) as string],
    ],
    [
      'a nest of 100,000 lists',
      `catalog: ${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      ['-:1:1: cannot be read: it is nested too deeply'],
    ],
    [
      'an infinity',
      `catalog: a\nsystems: [${systemYaml('x', 'configuration: {depth: .inf}')}]`,
      ['-:2:95: systems[0].configuration: must hold finite numbers only; found a map with depth'],
    ],
    [
      'a dependency on nothing',
      `catalog: a\nsystems: [${systemYaml('x', "dependencies: ['kind:x', {target: {type: a, capability: b}}]")}]`,
      [
        `-:2:110: systems[0].dependencies[0]: must be system:ID, type:TYPE or capability:NAME; a bare word is a system's id; found "kind:x"`,
        '-:2:121: systems[0].dependencies[1].target: must have exactly one of system_id, type, capability; found a map with type, capability',
      ],
    ],
    [
      'a descriptor set of nothing',
      'catalog: a\ndescriptor_sets:\n  - {name: n, file: nowhere.binpb}\n  - {name: b, data: aGVsbG8=}\n',
      [
        '-:3:15: descriptor_sets[0].file: cannot be read: there is no such file; found nowhere.binpb',
        '-:4:15: descriptor_sets[1].data: must be a serialized FileDescriptorSet, as buf build -o set.binpb writes it; found 5 bytes of something else',
      ],
    ],
    [
      'a descriptor set in two ways',
      'catalog: a\ndescriptor_sets: [{name: n, file: a, data: aGVsbG8=}]\n',
      ['-:2:19: descriptor_sets[0]: must have either file or data; found a map with name, file, data'],
    ],
  ])('with %s is refused', async (_name, text, expected) => {
    expect(await violationsOf(readText(text))).toEqual(expected);
  });

  test('with an id twice is refused, within a file and across files', async () => {
    await using folder = await makeCatalogFolder({
      'a.yaml': `catalog: one\nsystems:\n  - ${systemYaml('x')}\n  - ${systemYaml('x')}\npolicies: [{name: p}]\n`,
      'b.yaml': `systems:\n  - ${systemYaml('x')}\npolicies: [{name: p}]\n`,
    });
    const first = join(folder.path, 'a.yaml');
    expect(
      await violationsOf(
        readSources([folder.path]).then((g) => readCatalogs(g)),
        folder.path,
      ),
    ).toEqual([
      `a.yaml:4:6: systems[1].id: must not be given twice; found "x", which stands at ${first}:3:5 already`,
      `b.yaml:2:6: systems[0].id: must not be given twice; found "x", which stands at ${first}:3:5 already`,
      `b.yaml:3:13: policies[0].name: must not be given twice; found "p", which stands at ${first}:5:12 already`,
    ]);
  });

  test('whose document could belong to several is refused', async () => {
    await using folder = await makeCatalogFolder({
      'a.yaml': 'catalog: one',
      'b.yaml': 'catalog: two',
      'c.yaml': 'policies: [{name: p}]',
    });
    expect(
      await violationsOf(
        readSources([folder.path]).then((g) => readCatalogs(g)),
        folder.path,
      ),
    ).toEqual(['c.yaml:1:1: catalog: is required: the files name several: one, two']);
  });

  test('that cannot be read is refused by name, all of them at once', async () => {
    await using folder = await makeCatalogFolder({
      'empty/x.txt': '',
      'a.yaml': new Uint8Array([0x61, 0xff]),
    });
    const paths = ['nowhere.yaml', 'empty', 'a.yaml'].map((name) => join(folder.path, name));
    expect(await violationsOf(readSources(paths), folder.path)).toEqual([
      'nowhere.yaml: cannot be read: there is no such file',
      'empty: holds no file that ends in .yaml, .yml or .json',
      'a.yaml: cannot be read: it is not UTF-8 text',
    ]);
  });
});

describe('the hub’s loader', () => {
  test('reads anew each time, and names every file to watch, a missing descriptor set too', async () => {
    await using folder = await makeCatalogFolder({
      'a.yaml': 'catalog: one\ndescriptor_sets: [{name: s, file: set.binpb}]',
    });
    const loader = createCatalogLoader([folder.path, join(folder.path, 'later.yaml')]);
    await expect(loader.load()).rejects.toThrow('later.yaml: cannot be read');
    await folder.write('later.yaml', 'policies: [{name: p}]');
    await expect(createCatalogLoader([folder.path]).load()).rejects.toThrow('set.binpb');
    const single = createCatalogLoader([folder.path]);
    await expect(single.load()).rejects.toThrow('there is no such file');
    expect(single.files().map((file) => relative(folder.path, file))).toEqual([
      '',
      'a.yaml',
      'later.yaml',
      'set.binpb',
    ]);
    await folder.write('set.binpb', descriptorSet);
    expect((await single.load())[0]?.catalog).toMatchObject({
      name: 'one',
      policies: [{ name: 'p' }],
      descriptorSets: [{ name: 's' }],
    });
  });

  test('of no paths has no catalogs', async () => {
    expect(await createCatalogLoader([]).load()).toEqual([]);
  });
});
