import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takesMessageType } from '../base/route.ts';
import type { Protocol } from '../base/transport.ts';
import { compatibilityOf } from './compatibility.ts';
import { specFixture } from './system.fixture.ts';
import type { SystemSpec } from './system.ts';

/** A system of type `t` with an interface for each list of routes: `[]` takes every type. */
function system(
  id: string,
  routes: readonly (readonly string[])[],
  parts: Partial<SystemSpec> = {},
): SystemSpec {
  const [base] = specFixture(id).interfaces;
  return specFixture(id, {
    type: 't',
    interfaces: routes.map((types, at) => ({
      ...base!,
      name: `i${at}`,
      routes: types.map((messageType) => ({ messageType, operation: {}, repeatSafety: undefined })),
    })),
    ...parts,
  });
}
const textsOf = (a: SystemSpec, b: SystemSpec): string[] =>
  compatibilityOf(a, b).differences.map(({ field, message }) => `${field}: ${message}`);

describe('message types', () => {
  const cases: [string, string[][], string[][], string[], string[]][] = [
    ['both take everything', [[]], [[]], ['*'], []],
    ['the candidate takes everything', [['pets.get', 'pets.*']], [[]], ['pets.*'], []],
    [
      'a prefix covers names and longer prefixes',
      [['pets.get', 'pets.dogs.*']],
      [['pets.*']],
      ['pets.dogs.*', 'pets.get'],
      [],
    ],
    [
      'a name does not cover a prefix',
      [['pets.*']],
      [['pets.get']],
      ['pets.get'],
      ['routes: b has no route that takes pets.*'],
    ],
    [
      'a prefix covers no name beside it',
      [['pets', 'petshop']],
      [['pets.*']],
      [],
      ['routes: b has no route that takes pets', 'routes: b has no route that takes petshop'],
    ],
    ['everything by routes', [['*', 'x']], [['x']], ['x'], ['routes: b has no route * for every other type']],
    [
      'everything by an interface',
      [['x'], []],
      [['x']],
      ['x'],
      ['interfaces: a takes every message type by its interface i1; b takes only those of its routes'],
    ],
    ['interfaces count together', [['x', 'y']], [['x'], ['y']], ['x', 'y'], []],
  ];
  test.each(cases)('%s', (_name, mine, theirs, shared, differences) => {
    const [a, b] = [system('a', mine), system('b', theirs)];
    expect(compatibilityOf(a, b).sharedMessageTypes).toEqual(shared);
    expect(textsOf(a, b)).toEqual(differences);
  });

  test('a compatible candidate takes every type that the system takes', () => {
    const pattern = fc.constantFrom('*', 'a', 'a.b', 'a.*', 'a.b.*', 'a.b.c', 'b.*');
    const interfaces = fc.array(fc.uniqueArray(pattern, { maxLength: 4 }), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(interfaces, interfaces, (mine, theirs) => {
        const [a, b] = [system('a', mine), system('b', theirs)];
        const takes = (spec: SystemSpec, type: string): boolean =>
          spec.interfaces.some(({ routes }) => takesMessageType(routes, type));
        // One type of each form that the patterns tell apart.
        const types = ['a', 'a.x', 'a.b', 'a.b.c', 'a.b.x', 'b.x', 'z'];
        const covered = types.every((type) => !takes(a, type) || takes(b, type));
        const { compatible, sharedMessageTypes } = compatibilityOf(a, b);
        if (compatible) expect(covered).toBe(true);
        const shared = sharedMessageTypes.map((messageType) => ({
          messageType,
          operation: {},
          repeatSafety: undefined,
        }));
        for (const type of types) {
          expect(shared.length > 0 && takesMessageType(shared, type)).toBe(takes(a, type) && takes(b, type));
        }
      }),
    );
  });
});

test('type and capabilities', () => {
  const a = system('a', [[]], { capabilities: ['fly', 'swim', 'walk'] });
  const b = system('b', [[]], { type: 'other', capabilities: ['swim', 'sing'] });
  expect(compatibilityOf(a, b)).toMatchObject({ compatible: false, sharedCapabilities: ['swim'] });
  expect(textsOf(a, b)).toEqual([
    'type: b is of the type other, a of t: messages to the type t do not go to it',
    'capabilities: b lacks the capability fly',
    'capabilities: b lacks the capability walk',
  ]);
});

test('no protocol in common is no difference, because the hub translates', () => {
  const speaking = (id: string, ...protocols: Protocol[]): SystemSpec => {
    const [base] = specFixture(id).interfaces;
    return specFixture(id, {
      type: 't',
      interfaces: protocols.map((protocol, at) => ({ ...base!, name: `i${at}`, protocol })),
    });
  };
  expect(compatibilityOf(speaking('a', 'HTTP'), speaking('b', 'GRPC'))).toMatchObject({
    compatible: true,
    sharedProtocols: [],
  });
  expect(
    compatibilityOf(speaking('a', 'GRPC', 'HTTP'), speaking('b', 'HTTP', 'TCP', 'GRPC')).sharedProtocols,
  ).toEqual(['HTTP', 'GRPC']);
});

test.each([
  ['1.2.3', '1.9.0', true],
  ['v1.2.3', '1.0.0-rc.1', true],
  ['1.2.3', '2.0.0', false],
  ['2.0.0', '1.9.9', false],
  ['0.3.1', '0.3.9', true],
  ['0.3.1', '0.4.0', false],
  ['1.2', '2.0', true],
  ['2026-07', '1.0.0', true],
])('version %s, candidate %s: compatible %s', (version, other, compatible) => {
  const a = system('a', [[]], { version });
  expect(compatibilityOf(a, system('b', [[]], { version: other })).compatible).toBe(compatible);
});
