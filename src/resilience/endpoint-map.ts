/** Names one interface of one system. An `Endpoint` is one. */
export interface EndpointKey {
  readonly systemId: string;
  readonly interface: string;
}

/** The key as text, `<system id>/<interface>`: unique, because a system id holds no slash. */
export function endpointKeyToString(key: EndpointKey): string {
  return `${key.systemId}/${key.interface}`;
}

/** A map by endpoint that joins no strings on lookup. Bounded by its owner, who deletes the endpoints that go. */
export class EndpointMap<V> {
  readonly #bySystem = new Map<string, Map<string, V>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: EndpointKey): V | undefined {
    return this.#bySystem.get(key.systemId)?.get(key.interface);
  }

  set(key: EndpointKey, value: V): void {
    let interfaces = this.#bySystem.get(key.systemId);
    if (interfaces === undefined) {
      interfaces = new Map();
      this.#bySystem.set(key.systemId, interfaces);
    }
    if (!interfaces.has(key.interface)) this.#size += 1;
    interfaces.set(key.interface, value);
  }

  /** Removes a key and tells whether it was there. */
  delete(key: EndpointKey): boolean {
    const interfaces = this.#bySystem.get(key.systemId);
    if (interfaces?.delete(key.interface) !== true) return false;
    if (interfaces.size === 0) this.#bySystem.delete(key.systemId);
    this.#size -= 1;
    return true;
  }

  /** Values grouped by system, in the order in which systems, and interfaces within each, were first set. */
  *values(): IterableIterator<V> {
    for (const interfaces of this.#bySystem.values()) yield* interfaces.values();
  }
}
