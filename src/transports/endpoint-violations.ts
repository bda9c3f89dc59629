import type { z } from 'zod';
import type { Route } from '../base/route.ts';
import type { Secrets } from '../base/secrets.ts';
import type { SettingViolation } from '../base/transport.ts';
import { schemaViolations } from './issue-violations.ts';

/** Every violation of the routes' operations, with paths as `routes[0].operation.<path>`. */
export function routeViolations(schema: z.ZodType, routes: readonly Route[]): readonly SettingViolation[] {
  return routes.flatMap(({ operation }, index) =>
    schemaViolations(schema, operation, `routes[${index}].operation`),
  );
}

/** References to secrets that can never be read here, each with the path where it stands. */
export function secretViolations(
  value: unknown,
  secrets: Secrets,
  path = 'settings',
): readonly SettingViolation[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]): readonly SettingViolation[] => {
    if (name !== 'secret_ref' || typeof inner !== 'string')
      return secretViolations(inner, secrets, `${path}.${name}`);
    const message = secrets.objection(inner);
    return message === undefined ? [] : [{ path, message }];
  });
}
