import { type Clock } from '../base/clock.ts';
import { type Random } from '../base/random.ts';
import type { Policy } from '../resilience/policy.ts';
import type { Logger } from '../telemetry/log.ts';
import type { ClosingStack } from './closing-stack.ts';
import { type Config } from './config-schema.ts';

/** What every part of the hub is built from. */
export interface HubBase {
  readonly config: Config;
  /** The configuration's policies: one list for routing and breakers alike. */
  readonly policies: readonly Policy[];
  readonly logger: Logger;
  readonly opened: ClosingStack;
  readonly clock: Clock;
  readonly random: Random;
}
