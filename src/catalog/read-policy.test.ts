import { toJson } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { CatalogFileError, violationText } from './catalog-file-error.ts';
import { type ReadPolicy, readPolicy } from './read-policy.ts';

const read = (text: string): ReadPolicy => readPolicy({ name: 'p.yaml', folder: '.', text });
const faults = (text: string): string[] => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof CatalogFileError) return error.violations.map(violationText);
    throw error;
  }
  return [];
};

const plain = 'name: p\nretry: { attempts: 4 }\n';

describe('a policy', () => {
  test.each<[string, string]>([
    ['by itself', plain],
    ['as JSON', '{"name": "p", "retry": {"attempts": 4}}'],
    ['as a catalog with just one', 'catalog: c\npolicies: [{ name: p, retry: { attempts: 4 } }]\n'],
    ['as a hub prints it', JSON.stringify({ policy: toJson(PolicySchema, read(plain).policy) })],
  ])('is read %s', (_form, text) => {
    expect(read(text).policy).toMatchObject({ name: 'p', retry: { attempts: 4 } });
  });

  test('brings the etag along that a hub printed with it', () => {
    expect(read(JSON.stringify({ policy: { name: 'p', etag: 'e1' } }))).toMatchObject({ etag: 'e1' });
    expect(read(plain).etag).toBe('');
  });

  test('says where a field of it stands, in each form', () => {
    expect(read(plain).locate('policy.retry.attempts')).toMatchObject({ line: 2, column: 10 });
    const inCatalog = 'catalog: c\npolicies:\n  - name: p\n    fallback: [{ same_type: {} }]\n';
    expect(read(inCatalog).locate('policy.fallback[0].same_type')).toMatchObject({ line: 4, column: 18 });
    expect(read(plain).locate('etag')).toBeUndefined();
  });
});

test.each<[string, string, string[]]>([
  ['nothing', '', ['p.yaml: holds no policy: write its name, what it matches and what it says']],
  [
    'several documents',
    `${plain}---\n${plain}`,
    ['p.yaml: holds several documents; put one policy at a time'],
  ],
  [
    'a catalog with two',
    'policies: [{ name: a }, { name: b }]',
    ['p.yaml: holds 2 policies; put one at a time, or apply them as a catalog'],
  ],
  ['a text', 'hello', ['p.yaml:1:1: must be a map of fields; found "hello"']],
  [
    'everything that is wrong',
    'name: P\nretry: { attempts: 0, tries: 1 }\n',
    [
      'p.yaml:1:1: name: must be a dotted lower-case slug such as payments.ledger, at most 128 bytes; found "P"',
      'p.yaml:2:10: retry.attempts: must be a whole number from 1 to 100; found 0',
      'p.yaml:2:23: retry.tries: no such field; allowed here are attempts, initial_delay, factor, max_delay, on, max_retry_after',
    ],
  ],
])('of %s the file is refused', (_name, text, expected) => {
  expect(faults(text)).toEqual(expected);
});
