import { expect, test } from 'vitest';
import { messageKinds } from '../base/message.ts';
import { methodRepeatSafety, resolveRepeatSafety } from './repeat-safety.ts';

const nobody = { request: undefined, policy: undefined, route: undefined, kind: 'QUERY' } as const;

test('the request goes before the policy, the policy before the route, the route before the kind', () => {
  const all = { request: 'KEYED', policy: 'IDEMPOTENT', route: 'UNSAFE', kind: 'QUERY' } as const;
  expect(resolveRepeatSafety(all)).toEqual({ repeatSafety: 'KEYED', from: 'request' });
  expect(resolveRepeatSafety({ ...all, request: undefined })).toEqual({
    repeatSafety: 'IDEMPOTENT',
    from: 'policy',
  });
  expect(resolveRepeatSafety({ ...all, request: undefined, policy: undefined })).toEqual({
    repeatSafety: 'UNSAFE',
    from: 'route',
  });
  expect(resolveRepeatSafety(nobody)).toEqual({ repeatSafety: 'SAFE', from: 'kind' });
});

test('without a declaration only QUERY and HEARTBEAT are safe', () => {
  const safe = messageKinds.filter(
    (kind) => resolveRepeatSafety({ ...nobody, kind }).repeatSafety !== 'UNSAFE',
  );
  expect(safe).toEqual(['QUERY', 'HEARTBEAT']);
  expect(resolveRepeatSafety({ ...nobody, kind: 'REQUEST' })).toEqual({
    repeatSafety: 'UNSAFE',
    from: 'default',
  });
});

test.each([
  ['GET', 'SAFE'],
  ['head', 'SAFE'],
  ['PUT', 'IDEMPOTENT'],
  ['DELETE', 'IDEMPOTENT'],
  ['POST', 'UNSAFE'],
  ['PATCH', 'UNSAFE'],
  ['BREW', 'UNSAFE'],
])('a route with %s is %s', (method, expected) => {
  expect(methodRepeatSafety(method)).toBe(expected);
});
