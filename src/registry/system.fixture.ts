import type { Dependency, System, SystemSpec } from './system.ts';

/** A valid system for tests: an HTTP system of the type of its own name unless `parts` say otherwise. */
export function specFixture(id: string, parts: Partial<SystemSpec> = {}): SystemSpec {
  return {
    id,
    type: id,
    name: `System ${id}`,
    version: '1.0.0',
    capabilities: [],
    dependencies: [],
    interfaces: [
      {
        name: 'rest_api',
        protocol: 'HTTP',
        uri: 'http://127.0.0.1:8001',
        settings: {},
        healthCheck: { kind: 'AUTO', path: '', service: '' },
        routes: [],
      },
    ],
    configuration: {},
    labels: {},
    weight: 1,
    zone: '',
    owner: '',
    ...parts,
  };
}

/** {@link specFixture} as the catalog would keep it. */
export function systemFixture(id: string, parts: Partial<System> = {}): System {
  return {
    ...specFixture(id, parts),
    etag: 'e1',
    createTimeMs: 0,
    updateTimeMs: 0,
    registrationId: 'r1',
    lease: undefined,
    ...parts,
  };
}

/** `system:a`, `type:a`, `capability:a`, with a trailing `?` for an optional one, as a dependency. */
export function needs(...texts: readonly string[]): readonly Dependency[] {
  return texts.map((text) => {
    const [by = '', rest = ''] = text.split(':');
    const name = rest.replace(/\?$/, '');
    const optional = rest.endsWith('?');
    if (by === 'type') return { target: { by, type: name }, optional };
    if (by === 'capability') return { target: { by, capability: name }, optional };
    return { target: { by: 'system', systemId: name }, optional };
  });
}
