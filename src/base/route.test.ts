import { describe, expect, test } from 'vitest';
import { findRoute, type Route, takesMessageType } from './route.ts';

const routeTo = (messageType: string): Route => ({ messageType, operation: {}, repeatSafety: undefined });

describe('findRoute', () => {
  const routes = ['*', 'pets.*', 'pets.dogs.*', 'pets.get'].map(routeTo);

  test.each([
    ['pets.get', 'pets.get'],
    ['pets.list', 'pets.*'],
    ['pets.dogs.list', 'pets.dogs.*'],
    ['pets', '*'],
    ['petshop', '*'],
    ['pets.dogs', 'pets.*'],
  ])('takes for %s the route %s, in any order of the routes', (messageType, pattern) => {
    expect(findRoute(routes, messageType)?.messageType).toBe(pattern);
    expect(findRoute(routes.toReversed(), messageType)?.messageType).toBe(pattern);
  });

  test('finds none for a type that no pattern fits', () => {
    expect(findRoute(routes.slice(1), 'orders.get')).toBeUndefined();
  });
});

test('an interface without routes takes every type, one with routes only theirs', () => {
  expect(takesMessageType([], 'orders.get')).toBe(true);
  expect(takesMessageType([routeTo('pets.*')], 'pets.get')).toBe(true);
  expect(takesMessageType([routeTo('pets.*')], 'orders.get')).toBe(false);
});
