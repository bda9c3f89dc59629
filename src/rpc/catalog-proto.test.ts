import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  CatalogChange_Action as Action,
  CatalogPlanSchema,
  CatalogSchema,
} from '#gen/switchyard/registry/v1/catalog_pb.js';
import type { PlannedChange } from '../registry/catalog-change.ts';
import { catalogFromProto, planToProto } from './catalog-proto.ts';
import { pageBytesMax } from './page.ts';

const interfaces = [{ name: 'main', uri: 'http://127.0.0.1:9' }];

test('a catalog decides what it sets', () => {
  const { systems } = catalogFromProto(
    create(CatalogSchema, {
      name: 'c',
      systems: [
        { id: 'a', interfaces },
        { id: 'b', interfaces, labels: { x: 'y' }, weight: 1, owner: 'o' },
      ],
    }),
  );
  expect(systems.map(({ decides }) => decides)).toEqual([[], ['labels', 'weight', 'owner']]);
  expect(systems[0]?.spec).toMatchObject({ weight: 1, labels: {}, owner: '' });
});

test('the bytes of a descriptor set do not hold on to the request', () => {
  const request = new Uint8Array(1000);
  const data = request.subarray(10, 20);
  const [set] = catalogFromProto(
    create(CatalogSchema, { descriptorSets: [{ name: 's', data }] }),
  ).descriptorSets;
  expect(set?.data.buffer.byteLength).toBe(10);
});

const change = (id: string, parts: Partial<PlannedChange> = {}): PlannedChange => ({
  action: 'CREATE',
  resource: 'SYSTEM',
  id,
  fields: [],
  conflicts: [],
  ...parts,
});

test('fields of policies are named as in the contract', () => {
  const plan = planToProto({
    catalog: 'c',
    changes: [
      change('p', { resource: 'POLICY', action: 'UPDATE', fields: ['timeoutMs', 'repeatSafety'] }),
      change('s', { action: 'UPDATE', fields: ['labels'] }),
    ],
  });
  expect(plan.changes.map(({ fields }) => fields)).toEqual([['timeout', 'repeat_safety'], ['labels']]);
});

test('a plan larger than a client takes loses texts, then what is unchanged, then its end', () => {
  const conflicts = [{ field: 'version', owner: 'registration', message: 'm'.repeat(500) }];
  const many = (count: number, parts: Partial<PlannedChange>): PlannedChange[] =>
    Array.from({ length: count }, (_, at) => change(`${'x'.repeat(100)}${at}`, parts));
  const sizeOf = (changes: PlannedChange[]) => {
    const plan = planToProto({ catalog: 'c', changes });
    expect(toBinary(CatalogPlanSchema, plan).length).toBeLessThanOrEqual(pageBytesMax);
    return plan.changes;
  };
  expect(sizeOf(many(100, { conflicts }))[0]?.conflicts[0]?.message).toHaveLength(500);
  const brief = sizeOf(many(10_000, { action: 'UNCHANGED', conflicts }));
  expect(brief).toHaveLength(10_000);
  expect(brief[0]?.conflicts).toMatchObject([{ owner: 'registration', message: '' }]);
  const acting = sizeOf([...many(40_000, { action: 'UNCHANGED' }), ...many(10, { action: 'DELETE' })]);
  expect(acting.map(({ action }) => action)).toEqual(Array(10).fill(Action.DELETE));
  expect(sizeOf(many(60_000, { action: 'DELETE' })).length).toBeGreaterThan(1000);
});
