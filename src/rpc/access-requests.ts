import { z } from 'zod';
import type { AccessService } from '#gen/switchyard/access/v1/access_service_pb.js';
import { RoleSchema } from '#gen/switchyard/access/v1/key_pb.js';
import { idOfPrefix } from '../security/api-key.ts';
import { isPrincipalName, principalNameForm } from '../security/key-record.ts';
import { isSystemPattern, systemPatternForm, systemPatternsMax } from '../security/system-pattern.ts';
import type { RequestSchemas } from './call.ts';
import { definedEnum, duration, list, pageSize, pageToken, rule, text } from './field-rules.ts';

const dayMs = 86_400_000;

/** The rules of each request of AccessService, as the contract's comments state them. */
export const accessRequestSchemas: RequestSchemas<typeof AccessService> = {
  createKey: z.object({
    name: rule((value: string) => (isPrincipalName(value) ? undefined : `must be ${principalNameForm}`)),
    role: definedEnum(RoleSchema),
    systems: list(
      rule((value: string) => (isSystemPattern(value) ? undefined : `must be ${systemPatternForm}`)),
      { max: systemPatternsMax },
    ).superRefine((systems, context) => {
      for (const [index, system] of systems.entries()) {
        if (systems.indexOf(system) < index)
          context.addIssue({ code: 'custom', message: 'must be there once', path: [index] });
      }
    }),
    ttl: duration({ minMs: 60_000, maxMs: 3650 * dayMs }),
  }),
  listKeys: z.object({ name: text({ charactersMax: 128 }), pageSize: pageSize(), pageToken: pageToken() }),
  revokeKey: z.object({
    // Not shown: somebody may have passed the whole key.
    prefix: rule((value: string) =>
      idOfPrefix(value) === undefined
        ? { message: 'must be sw_ and 12 hexadecimal digits, as ListKeys shows it', found: '' }
        : undefined,
    ),
  }),
  whoAmI: z.object({}),
};
