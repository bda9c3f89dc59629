/** What a caller may do, least first; each role may do all that the ones before it may. */
export const roles = ['readonly', 'sender', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** The role of a key that says nothing else. */
export const roleDefault: Role = 'readonly';

/** Whether whoever has the role `had` may do what needs `needed`. */
export function reaches(had: Role, needed: Role): boolean {
  return roles.indexOf(had) >= roles.indexOf(needed);
}
