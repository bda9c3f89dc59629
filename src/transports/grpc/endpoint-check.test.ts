import { create, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { checkGrpcEndpoint } from './endpoint-check.ts';
import { NamedTypes } from './named-types.ts';

const set = toBinary(
  FileDescriptorSetSchema,
  create(FileDescriptorSetSchema, {
    file: [
      {
        name: 'shop.proto',
        package: 'acme',
        syntax: 'proto3',
        messageType: [{ name: 'Order' }],
        service: [
          {
            name: 'Shop',
            method: [
              { name: 'Buy', inputType: '.acme.Order', outputType: '.acme.Order' },
              { name: 'Watch', inputType: '.acme.Order', outputType: '.acme.Order', serverStreaming: true },
            ],
          },
        ],
      },
    ],
  }),
);
const sets: Readonly<Record<string, Uint8Array>> = {
  shop: set,
  garbage: Buffer.from('garbage'),
  torn: toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, { file: [{ name: 'a.proto', dependency: ['b.proto'] }] }),
  ),
};
const ports = {
  secrets: {
    ...fixedSecrets(),
    objection: (ref: string) => (ref === 'env:PATH' ? 'PATH is not allowed' : undefined),
  },
  named: new NamedTypes({ get: (name) => sets[name] }),
};

function check(
  settings: Record<string, unknown>,
  ...operations: Record<string, unknown>[]
): Record<string, string> {
  const routes = operations.map((operation, index) => ({
    messageType: `t${index}`,
    operation,
    repeatSafety: undefined,
  }));
  const found = checkGrpcEndpoint({ uri: 'grpcs://ledger:443', settings, routes }, ports);
  return Object.fromEntries(found.map(({ path, message }) => [path, message]));
}

const token = { secret_ref: 'env:TOKEN', prefix: 'Bearer ' };

test('a whole interface is in order', () => {
  const settings = {
    tls: { ca: { secret_ref: 'file:ca.pem' }, server_name: 'ledger' },
    metadata: { authorization: token, 'x-team': 'web' },
    authority: 'ledger.example:443',
    descriptor_set: 'shop',
  };
  expect(
    check(
      settings,
      {
        method: 'acme.Shop/Buy',
        encoding: 'json',
        metadata: { 'x-a': token },
        any_types: ['acme.Order'],
        emit_defaults: true,
      },
      { envelope: 'switchyard' },
    ),
  ).toEqual({});
  expect(check({}, { method: 'Shop/Buy' })).toEqual({});
});

test.each<[Record<string, unknown>, Record<string, RegExp>]>([
  [{ retries: 3 }, { 'settings.retries': /is no field; allowed here are tls/ }],
  [{ tls: { cert: 'x' } }, { 'settings.tls': /cert and key go together/ }],
  [{ tls: { ca: { secret_ref: 'env:PATH' } } }, { 'settings.tls.ca.secret_ref': /PATH is not allowed/ }],
  [
    { tls: { ca: { secret_ref: 'PATH' } } },
    { 'settings.tls.ca.secret_ref': /must be env:NAME or file:NAME/ },
  ],
  [{ metadata: { Authorization: 'x' } }, { 'settings.metadata.Authorization': /lower-case letters/ }],
  [{ metadata: { 'a b': 'x' } }, { 'settings.metadata.a b': /is no metadata name/ }],
  [{ metadata: { ':path': '/' } }, { 'settings.metadata.:path': /is no metadata name/ }],
  [{ metadata: { 'token-bin': 'x' } }, { 'settings.metadata.token-bin': /end with -bin/ }],
  [
    { metadata: { 'grpc-timeout': '1S', te: 'x', 'content-type': 'x', 'x-switchyard-hops': '0' } },
    {
      'settings.metadata.grpc-timeout': /set by the protocol/,
      'settings.metadata.te': /set by/,
      'settings.metadata.content-type': /set by/,
      'settings.metadata.x-switchyard-hops': /set by/,
    },
  ],
  [{ metadata: { a: 'ü' } }, { 'settings.metadata.a': /visible ASCII/ }],
  [{ metadata: { a: 5 } }, { 'settings.metadata.a': /must be a text, or \{"secret_ref"/ }],
  [{ metadata: { a: { secret_ref: 'env:X', suffxi: '' } } }, { 'settings.metadata.a.suffxi': /no field/ }],
  [
    { metadata: { a: { secret_ref: 'env:PATH' } } },
    { 'settings.metadata.a.secret_ref': /PATH is not allowed/ },
  ],
  [{ authority: 'a b' }, { 'settings.authority': /must be a host/ }],
  [{ descriptor_set: 'gone' }, { 'settings.descriptor_set': /no descriptor set "gone".*ApplyCatalog/ }],
  [
    { descriptor_set: 'garbage' },
    { 'settings.descriptor_set': /cannot be used: it is no FileDescriptorSet/ },
  ],
  [{ descriptor_set: 'torn' }, { 'settings.descriptor_set': /b\.proto, which a\.proto imports, is missing/ }],
])('settings %j are refused with their paths', (settings, expected) => {
  const found = check(settings);
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [path, text] of Object.entries(expected)) expect(found[path]).toMatch(text);
});

test.each<[Record<string, unknown>, string, RegExp]>([
  [{}, '.method', /expected string/],
  [{ method: '/acme.Shop/Buy' }, '.method', /without a leading slash/],
  [{ method: 'acme.Shop.Buy' }, '.method', /package\.Service\/Method/],
  [
    { method: 'acme.Shop/Sell' },
    '.method',
    /in the descriptor set shop: the service acme\.Shop has no method Sell; there is Buy, Watch/,
  ],
  [{ method: 'acme.Shops/Buy' }, '.method', /no service acme\.Shops; there is acme\.Shop/],
  [{ method: 'acme.Shop/Watch' }, '.method', /server streaming method; only unary/],
  [{ method: 'acme.Shop/Buy', path: '/x' }, '.path', /no field/],
  [{ method: 'acme.Shop/Buy', encoding: 'xml' }, '.encoding', /json/],
  [
    { method: 'acme.Shop/Buy', any_types: ['acme.Order', 'acme.Gift'] },
    '.any_types',
    /no message type acme\.Gift/,
  ],
  [{ method: 'acme.Shop/Buy', any_types: ['.acme.Gift'] }, '.any_types[0]', /full name/],
  [{ method: 'acme.Shop/Buy', metadata: { te: 'x' } }, '.metadata.te', /set by/],
  [
    { method: 'acme.Shop/Buy', metadata: { a: { secret_ref: 'env:PATH' } } },
    '.metadata.a.secret_ref',
    /not allowed/,
  ],
  [{ envelope: 'cloudevents' }, '.envelope', /must be switchyard/],
  [{ envelope: 'switchyard', method: 'acme.Shop/Buy' }, '.method', /no field/],
])('the operation %j is refused', (operation, path, text) => {
  const found = check({ descriptor_set: 'shop' }, { method: 'acme.Shop/Buy' }, operation);
  expect(Object.keys(found)).toEqual([`routes[1].operation${path}`]);
  expect(found[`routes[1].operation${path}`]).toMatch(text);
});

test('tls needs grpcs://', () => {
  const found = checkGrpcEndpoint({ uri: 'grpc://ledger:80', settings: { tls: {} }, routes: [] }, ports);
  expect(found).toEqual([{ path: 'settings.tls', message: expect.stringContaining('grpcs://') as string }]);
});

test('more metadata than allowed is refused', () => {
  const metadata = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`x-${index}`, 'v']));
  expect(check({ metadata })).toEqual({ 'settings.metadata': 'has 33 entries, at most 32 are allowed' });
});

test('the example of docs/interfaces.md is in order', () => {
  const page = readFileSync(new URL('../../../docs/interfaces.md', import.meta.url), 'utf8');
  const example = /### Any unary method\n[\s\S]*?```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const { interfaces } = JSON.parse(example) as {
    interfaces: {
      uri: string;
      settings: Record<string, unknown>;
      routes: { operation: Record<string, unknown> }[];
    }[];
  };
  for (const { uri, settings, routes } of interfaces)
    expect(
      checkGrpcEndpoint(
        {
          uri,
          settings,
          routes: routes.map(({ operation }) => ({ messageType: '*', operation, repeatSafety: undefined })),
        },
        ports,
      ),
    ).toEqual([]);
  expect(interfaces).toHaveLength(1);
});
