import type { Target } from '../base/target.ts';
import type { Directory as HealthDirectory, MonitoredSystem } from '../health/ports.ts';
import type { Directory as MessagingDirectory, Provider } from '../messaging/directory.ts';
import type { Directory } from '../registry/directory.ts';
import type { System } from '../registry/system.ts';

/** The registry as routing asks it. */
export function messagingDirectory(directory: Directory): MessagingDirectory {
  const toProvider = (system: System): Provider => ({
    systemId: system.id,
    type: system.type,
    capabilities: system.capabilities,
    weight: system.weight,
    zone: system.zone,
    endpoints: directory.endpointsOf(system.id),
  });
  return {
    find: (target) => systemsOf(directory, target).map(toProvider),
    zoneOf: (systemId) => directory.get(systemId)?.zone ?? '',
  };
}

/** The registry as health asks it. */
export function healthDirectory(directory: Directory): HealthDirectory {
  const toMonitored = (system: System): MonitoredSystem => ({
    systemId: system.id,
    type: system.type,
    registrationId: system.registrationId,
    leaseExpired: system.lease?.expired === true,
    endpoints: directory.endpointsOf(system.id),
  });
  return {
    *systems() {
      for (const system of directory.systems()) yield toMonitored(system);
    },
    get(systemId) {
      const system = directory.get(systemId);
      return system === undefined ? undefined : toMonitored(system);
    },
    onChange: (listener) => directory.onChange(({ system }) => listener(system.id)),
  };
}

function systemsOf(directory: Directory, target: Target): readonly System[] {
  switch (target.by) {
    case 'system': {
      const system = directory.get(target.systemId);
      return system === undefined ? [] : [system];
    }
    case 'type':
      return directory.byType(target.type);
    case 'capability':
      return directory.byCapability(target.capability);
  }
}
