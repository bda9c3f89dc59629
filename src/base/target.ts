/** Whom a message, dependency or question is about: one system, any system of a type, or any with a capability. */
export type Target =
  | { readonly by: 'system'; readonly systemId: string }
  | { readonly by: 'type'; readonly type: string }
  | { readonly by: 'capability'; readonly capability: string };

/** The target as people write it: `system:echo`, `type:ledger`, `capability:payments.read`. Unique per target. */
export function targetToString(target: Target): string {
  switch (target.by) {
    case 'system':
      return `system:${target.systemId}`;
    case 'type':
      return `type:${target.type}`;
    case 'capability':
      return `capability:${target.capability}`;
  }
}
