/** An arrow from one that needs to one that is needed. */
export interface Arrow {
  readonly fromId: string;
  readonly toId: string;
}

/** Rings of one answer. Rings beyond it are left out; the components that they belong to are shown by others. */
export const ringsMax = 100;

/**
 * Groups ids into strongly connected components, each before those that need it (Tarjan 1972, without recursion:
 * chains may be 10,000 long). A component of several ids is a knot of rings; within one, ids are sorted. Arrows to or
 * from ids that are not in `ids` are ignored. The same input order gives the same answer.
 */
export function sortTopologically(ids: readonly string[], arrows: readonly Arrow[]): readonly string[][] {
  const needs = successorsOf(ids, arrows);
  const visits = new Map<string, { order: number; low: number; onStack: boolean }>();
  const stack: string[] = [];
  const components: string[][] = [];

  for (const root of ids) {
    if (visits.has(root)) continue;
    const path = [enter(root)];
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const next = step.needs[step.at];
      if (next !== undefined) {
        step.at += 1;
        const seen = visits.get(next);
        if (seen === undefined) path.push(enter(next));
        else if (seen.onStack) step.visit.low = Math.min(step.visit.low, seen.order);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) above.visit.low = Math.min(above.visit.low, step.visit.low);
      if (step.visit.low === step.visit.order) components.push(leave(step.id));
    }
  }
  return components;

  function enter(id: string): {
    id: string;
    needs: readonly string[];
    at: number;
    visit: { order: number; low: number };
  } {
    const visit = { order: visits.size, low: visits.size, onStack: true };
    visits.set(id, visit);
    stack.push(id);
    return { id, needs: needs.get(id) ?? [], at: 0, visit };
  }

  function leave(id: string): string[] {
    const members = stack.splice(stack.lastIndexOf(id));
    for (const member of members) {
      const visit = visits.get(member);
      if (visit !== undefined) visit.onStack = false;
    }
    return members.sort();
  }
}

/**
 * Rings of the components, so that every id that lies on a ring is in at least one of them, each ring once: for each
 * id that no ring shows yet a shortest one through it. (All rings could be exponentially many.) At most
 * {@link ringsMax}. Each id needs the next and the last needs the first; the smallest id comes first.
 */
export function findRings(
  components: readonly (readonly string[])[],
  arrows: readonly Arrow[],
): readonly (readonly string[])[] {
  const componentOf = new Map(
    components.flatMap((component) => component.map((id) => [id, component] as const)),
  );
  const innerArrows = new Map<readonly string[], Arrow[]>();
  for (const arrow of arrows) {
    const component = componentOf.get(arrow.fromId);
    if (component === undefined || component !== componentOf.get(arrow.toId)) continue;
    const inner = innerArrows.get(component);
    if (inner === undefined) innerArrows.set(component, [arrow]);
    else inner.push(arrow);
  }
  const rings: (readonly string[])[] = [];
  for (const component of components) {
    const inner = innerArrows.get(component);
    if (inner === undefined) continue;
    const needs = successorsOf(component, inner);
    const shown = new Set<string>();
    for (const id of component) {
      if (rings.length >= ringsMax) return rings;
      if (shown.has(id)) continue;
      const ring = shortestRing(id, needs);
      if (ring === undefined) continue;
      for (const member of ring) shown.add(member);
      rings.push(smallestFirst(ring));
    }
  }
  return rings;
}

/** A shortest way from `id` back to itself, found breadth first; undefined when there is none. */
function shortestRing(
  id: string,
  needs: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [id];
  for (const current of queue) {
    for (const next of needs.get(current) ?? []) {
      if (next === id) {
        const ring = [current];
        for (let at = current; at !== id;) {
          at = cameFrom.get(at) ?? id;
          ring.push(at);
        }
        return ring.reverse();
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, current);
      queue.push(next);
    }
  }
  return undefined;
}

function smallestFirst(ring: readonly string[]): readonly string[] {
  const smallest = ring.reduce((best, id, at) => (id < (ring[best] ?? id) ? at : best), 0);
  return [...ring.slice(smallest), ...ring.slice(0, smallest)];
}

/** For each id those it needs, each once, in the order of the arrows. */
function successorsOf(
  ids: readonly string[],
  arrows: readonly Arrow[],
): ReadonlyMap<string, readonly string[]> {
  const successors = new Map<string, Set<string>>(ids.map((id) => [id, new Set()]));
  for (const { fromId, toId } of arrows) {
    if (successors.has(toId)) successors.get(fromId)?.add(toId);
  }
  return new Map([...successors].map(([id, set]) => [id, [...set]]));
}
