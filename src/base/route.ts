import type { RepeatSafety } from './message.ts';

/** Which operation of an interface a message type uses. */
export interface Route {
  /** A name, a prefix (`pets.*`), or `*` for every other type. */
  readonly messageType: string;
  /** In terms of the protocol's adapter, which checked it at registration. Values are JSON. */
  readonly operation: Readonly<Record<string, unknown>>;
  /** What sending twice does; undefined: what the operation promises. */
  readonly repeatSafety: RepeatSafety | undefined;
}

/**
 * The route of a message type: an exact name beats a prefix, a longer prefix a shorter one, any of them `*`.
 * Undefined when none fits. `pets.*` fits `pets.get`, neither `pets` nor `petshop`.
 */
export function findRoute(routes: readonly Route[], messageType: string): Route | undefined {
  let best: Route | undefined;
  let rank = -1;
  for (const route of routes) {
    const fit = fitOf(route.messageType, messageType);
    if (fit <= rank) continue;
    best = route;
    rank = fit;
  }
  return best;
}

/** How exactly a route's pattern names a type: Infinity by name, the prefix's length, 0 for `*`, -1 not at all. */
function fitOf(pattern: string, messageType: string): number {
  if (pattern === messageType) return Infinity;
  if (pattern === '*') return 0;
  return pattern.endsWith('.*') && messageType.startsWith(pattern.slice(0, -1)) ? pattern.length - 1 : -1;
}

/** Whether an interface with these routes takes a message type: one without routes takes every type. */
export function takesMessageType(routes: readonly Route[], messageType: string): boolean {
  return routes.length === 0 || findRoute(routes, messageType) !== undefined;
}
