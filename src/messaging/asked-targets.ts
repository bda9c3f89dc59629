import type { Endpoint } from '../base/transport.ts';
import { endpointKeyToString } from '../resilience/endpoint-map.ts';
import type { Candidate } from './candidate.ts';

/** Whom one delivery asked so far: as many entries as attempts. */
export class AskedTargets {
  /** Undefined: nobody, as nearly always when somebody asks this. */
  #endpoints: Endpoint[] | undefined;

  add(endpoint: Endpoint): void {
    if (this.#endpoints === undefined) this.#endpoints = [endpoint];
    else this.#endpoints.push(endpoint);
  }

  get empty(): boolean {
    return this.#endpoints === undefined;
  }

  has(asked: string): boolean {
    return this.#endpoints?.some(({ systemId }) => systemId === asked) ?? false;
  }

  /**
   * The candidates with those that were asked least often first. Systems go before endpoints: a second interface of one
   * that failed comes after everybody who was not asked at all. Among equals their order stays.
   */
  leastFirst(candidates: readonly Candidate[]): readonly Candidate[] {
    const asked = new Map<string, number>();
    for (const endpoint of this.#endpoints ?? []) {
      // A key holds a slash, an id does not.
      for (const name of [endpoint.systemId, endpointKeyToString(endpoint)]) {
        asked.set(name, (asked.get(name) ?? 0) + 1);
      }
    }
    const timesAsked = (name: string): number => asked.get(name) ?? 0;
    return candidates.toSorted(
      (a, b) =>
        timesAsked(a.systemId) - timesAsked(b.systemId) ||
        timesAsked(endpointKeyToString(a)) - timesAsked(endpointKeyToString(b)),
    );
  }
}
