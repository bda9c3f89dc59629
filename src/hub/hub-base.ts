import { type Clock } from '../base/clock.ts';
import { type Random } from '../base/random.ts';
import type { PolicyBook } from '../resilience/policy-book.ts';
import type { Logger } from '../telemetry/log.ts';
import type { ClosingStack } from './closing-stack.ts';
import { type Config } from './config-schema.ts';
import type { Reloader } from './reload.ts';

/** What every part of the hub is built from. */
export interface HubBase {
  /** The settings at start; parts that take new ones while the hub runs hear of them from `reloader`. */
  readonly config: Config;
  readonly reloader: Reloader;
  /** For what the configuration refers to by name: secrets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The policies in force, for routing and breakers alike: the configuration's, and from the registry on the catalogs'. */
  readonly policies: PolicyBook;
  readonly logger: Logger;
  readonly opened: ClosingStack;
  readonly clock: Clock;
  readonly random: Random;
}
