/** How a target is written, for messages. */
export const targetForms = 'system:ID, type:TYPE or capability:NAME';

/** A target as the generated code holds it. */
export interface TargetChoice {
  readonly case: 'systemId' | 'type' | 'capability';
  readonly value: string;
}

/** `system:ID`, `type:TYPE` or `capability:NAME`; a bare word is the id of a system. Undefined for anything else. */
export function parseTargetText(text: string): TargetChoice | undefined {
  const colon = text.indexOf(':');
  const by = colon < 0 ? 'system' : text.slice(0, colon);
  const value = text.slice(colon + 1);
  if (value === '') return undefined;
  if (by === 'system') return { case: 'systemId', value };
  return by === 'type' || by === 'capability' ? { case: by, value } : undefined;
}
