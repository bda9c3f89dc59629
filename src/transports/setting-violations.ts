import type { z } from 'zod';
import type { SettingViolation } from '../base/transport.ts';

/** Every violation of an adapter's settings, with paths as `settings.<path>`. */
export function settingViolations(schema: z.ZodType, settings: unknown): readonly SettingViolation[] {
  const checked = schema.safeParse(settings);
  if (checked.success) return [];
  return checked.error.issues.map((issue) => ({
    path: ['settings', ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
}
