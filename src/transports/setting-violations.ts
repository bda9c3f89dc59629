import type { z } from 'zod';
import type { SettingViolation } from '../base/transport.ts';
import { schemaViolations } from './issue-violations.ts';

/** Every violation of an adapter's settings, with paths as `settings.<path>`. */
export function settingViolations(schema: z.ZodType, settings: unknown): readonly SettingViolation[] {
  return schemaViolations(schema, settings, 'settings');
}
