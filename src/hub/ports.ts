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
  // The directory gives the same array until a system in it changes, so that a message costs one look.
  const known = new WeakMap<readonly System[], readonly Provider[]>();
  const toProviders = (systems: readonly System[]): readonly Provider[] => {
    let providers = known.get(systems);
    if (providers === undefined) {
      providers = systems.map(toProvider);
      known.set(systems, providers);
    }
    return providers;
  };
  return {
    find(target) {
      if (target.by !== 'system')
        return toProviders(
          target.by === 'type' ? directory.byType(target.type) : directory.byCapability(target.capability),
        );
      const system = directory.get(target.systemId);
      return system === undefined ? [] : [toProvider(system)];
    },
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
