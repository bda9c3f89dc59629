import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Kind, Priority } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { withHub } from './cli.ts';
import type { Cli } from './cli.ts';
import { filesMark } from './completion-tree.ts';
import type { Completion, ValueSource } from './completion-tree.ts';
import { readContexts } from './contexts-file.ts';
import { explainedReasons } from './errors.ts';
import type { HubClient } from './hub-client.ts';

/** How long a hub may take; a person waits for the key. */
const hubTimeout = '700ms';
/** Most systems that are offered; the rest is a matter of typing on. */
const systemsMax = 500;

/**
 * The values that the names of arguments and options stand for. What the hub knows is asked for, and left out when it
 * cannot be had: a completion never fails and never says anything.
 */
export function completionValues(cli: Cli): ValueSource {
  const fromHub = async (
    options: Readonly<Record<string, string>>,
    ask: (hub: HubClient) => Promise<readonly Completion[]>,
  ): Promise<readonly Completion[]> => {
    try {
      return await withHub(cli, { ...options, timeout: hubTimeout }, ask);
    } catch {
      // No hub, no such context, no permission: there is nothing to offer, and no place to say why.
      return [];
    }
  };
  return async (name, options) => {
    switch (name) {
      case 'file':
      case 'dir':
      case 'path':
        return [filesMark];
      case 'context':
        return contextNames(cli);
      case 'reason':
        return explainedReasons().map(({ reason, kind }) => ({ value: reason, about: kind }));
      case 'status':
        return enumValues(HealthStatus);
      case 'state':
        return enumValues(BreakerState);
      case 'protocol':
        return enumValues(Protocol);
      case 'kind':
        return enumValues(Kind);
      case 'priority':
        return enumValues(Priority);
      case 'safety':
        return enumValues(RepeatSafety);
      case 'id':
        return fromHub(options, systemIds);
      case 'type':
        return fromHub(options, systemTypes);
      case 'target':
        return fromHub(options, targets);
      case 'interface':
        return fromHub(options, interfaceNames);
      default:
        return [];
    }
  };
}

async function systemIds(hub: HubClient): Promise<readonly Completion[]> {
  const { systems } = await hub.registry.listSystems({ pageSize: systemsMax }, hub.call);
  return systems.map(({ id, type }) => ({ value: id, about: type }));
}

async function systemTypes(hub: HubClient): Promise<readonly Completion[]> {
  const { summary } = await hub.registry.getRegistrySummary({}, hub.call);
  return counted(summary?.byType ?? {});
}

async function targets(hub: HubClient): Promise<readonly Completion[]> {
  const [ids, { summary }] = await Promise.all([
    systemIds(hub),
    hub.registry.getRegistrySummary({}, hub.call),
  ]);
  const prefixed = (prefix: string, found: readonly Completion[]): readonly Completion[] =>
    found.map(({ value, about }) => ({ value: `${prefix}:${value}`, about }));
  return [
    ...prefixed('type', counted(summary?.byType ?? {})),
    ...prefixed('capability', counted(summary?.byCapability ?? {})),
    ...prefixed('system', ids),
  ];
}

async function interfaceNames(hub: HubClient): Promise<readonly Completion[]> {
  const { systems } = await hub.registry.listSystems({ pageSize: systemsMax }, hub.call);
  const names = new Set(systems.flatMap(({ interfaces }) => interfaces.map(({ name }) => name)));
  return [...names].map((value) => ({ value, about: '' }));
}

function contextNames(cli: Cli): readonly Completion[] {
  try {
    const { contexts } = readContexts(cli.environment.contextsFile);
    return [...contexts].map(([value, { hub }]) => ({ value, about: hub }));
  } catch {
    // A file that cannot be read is for the command to complain about.
    return [];
  }
}

function counted(counts: Readonly<Record<string, number>>): readonly Completion[] {
  return Object.entries(counts).map(([value, count]) => ({
    value,
    about: count === 1 ? '1 system' : `${count} systems`,
  }));
}

function enumValues(values: Readonly<Record<string, string | number>>): readonly Completion[] {
  return Object.entries(values)
    .filter(([, number]) => typeof number === 'number' && number !== 0)
    .map(([name]) => ({ value: name.toLowerCase(), about: '' }));
}
