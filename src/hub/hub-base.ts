import { type Clock } from '../base/clock.ts';
import { type Random } from '../base/random.ts';
import type { Logger } from '../telemetry/log.ts';
import type { ClosingStack } from './closing-stack.ts';
import { type Config } from './config-schema.ts';

/** What every part of the hub is built from. */
export interface HubBase {
  readonly config: Config;
  readonly logger: Logger;
  readonly opened: ClosingStack;
  readonly clock: Clock;
  readonly random: Random;
}
