import { create } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { SystemFilterSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type { SystemFilter } from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { collect } from './cli.ts';
import { parseEnum } from './enum-name.ts';
import { parseKeyValues } from './key-value.ts';

/** Flags that choose systems; all must hold, and of a repeated one any. */
export interface FilterFlags {
  readonly type?: readonly string[];
  readonly capability?: readonly string[];
  readonly protocol?: readonly string[];
  readonly status?: readonly string[];
  readonly label?: readonly string[];
  readonly zone?: string;
  readonly prefix?: string;
  readonly text?: string;
}

/** Adds the flags of {@link FilterFlags} to a command. */
export function withFilter(command: Command): Command {
  return command
    .option('--type <type>', 'only of this type (repeatable: any of them)', collect)
    .option('--capability <name>', 'only with this capability (repeatable)', collect)
    .option(
      '--protocol <protocol>',
      'only with an interface of this protocol: http, grpc (repeatable)',
      collect,
    )
    .option('--status <status>', 'only with this health status (repeatable)', collect)
    .option('--label <key=value>', 'only with this label (repeatable: all of them)', collect)
    .option('--zone <zone>', 'only in this zone')
    .option('--prefix <text>', 'only ids that start with this')
    .option('--text <text>', 'only with this in id, name or type');
}

/** The filter that the flags describe. */
export function filterFromFlags(flags: FilterFlags): SystemFilter {
  return create(SystemFilterSchema, {
    types: [...(flags.type ?? [])],
    capabilities: [...(flags.capability ?? [])],
    protocols: (flags.protocol ?? []).map((text) => parseEnum(Protocol, 'protocol', text)),
    statuses: (flags.status ?? []).map((text) => parseEnum(HealthStatus, 'health status', text)),
    labels: parseKeyValues('--label', flags.label ?? []),
    zone: flags.zone ?? '',
    idPrefix: flags.prefix ?? '',
    text: flags.text ?? '',
  });
}
