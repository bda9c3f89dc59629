import type { DescMethod, Message } from '@bufbuild/protobuf';
import { HubError } from '../base/error.ts';
import type { Audit } from '../security/audit.ts';
import type { Caller } from '../security/authenticator.ts';
import { anonymousWith, mayActAs, type Principal } from '../security/principal.ts';
import { reaches, type Role } from '../security/role.ts';
import { type AccessRule, accessTable } from './access-table.ts';

/** Decides what callers may do, by {@link accessTable}, and notes each refusal. */
export interface AccessControl {
  /**
   * The principal of a call, before its request is read. Throws UNAUTHENTICATED or PERMISSION_DENIED unless the caller
   * may call the method, or some request of it is open to all.
   */
  admit(method: DescMethod, caller: Caller): Principal;
  /** Throws unless the caller may make this request of a method that it was admitted to. */
  authorize(method: DescMethod, caller: Caller, request: Message): void;
  /** Throws unless the caller may see a page such as `/metrics`. */
  admitToPage(path: string, caller: Caller): void;
}

/** A request that is open to all is from this, when its caller is not known. */
const nobody = anonymousWith('readonly');

export function createAccessControl(audit: Pick<Audit, 'refused'>): AccessControl {
  const refused = (caller: Caller, what: string, error: HubError): HubError => {
    const reason = error.reason === 'UNAUTHENTICATED' ? 'UNAUTHENTICATED' : 'PERMISSION_DENIED';
    audit.refused({ caller, what, reason, why: error.message });
    return error;
  };
  const known = (caller: Caller, what: string): Principal => {
    if (caller.principal === undefined) throw refused(caller, what, unauthenticatedOf(caller));
    return caller.principal;
  };
  const needRole = (caller: Caller, what: string, needed: Role, because?: string): Principal => {
    const principal = known(caller, what);
    if (reaches(principal.role, needed)) return principal;
    throw refused(caller, what, roleMissing({ principal, what, needed, because }));
  };

  return {
    admit(method, caller) {
      const rule = ruleOf(method);
      if (rule.open !== undefined) return caller.principal ?? nobody;
      return needRole(caller, nameOf(method), rule.role);
    },
    authorize(method, caller, request) {
      const what = nameOf(method);
      const rule = ruleOf(method);
      if (rule.open?.(request) === true) return;
      const principal = needRole(caller, what, rule.role);
      const because = rule.operatorBecause?.(request);
      if (because !== undefined) needRole(caller, what, 'operator', because);
      if (rule.actsForAll !== undefined && reaches(principal.role, rule.actsForAll)) return;
      const foreign = rule.actsAs?.(request).find((systemId) => !mayActAs(principal, systemId));
      if (foreign !== undefined)
        throw refused(caller, what, notItsSystem({ principal, what, foreign, rule }));
    },
    admitToPage: (path, caller) => void needRole(caller, path, 'readonly'),
  };
}

function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

function ruleOf(method: DescMethod): AccessRule {
  return accessTable[nameOf(method)] ?? { role: 'admin' };
}

function unauthenticatedOf({ refusal }: Caller): HubError {
  return (
    refusal ??
    new HubError({
      reason: 'UNAUTHENTICATED',
      message: 'This hub asks who is calling.',
      executed: 'no',
    })
  );
}

function roleMissing(found: {
  principal: Principal;
  what: string;
  needed: Role;
  because: string | undefined;
}): HubError {
  const { principal, what, needed, because } = found;
  const reason = because === undefined ? '' : ` here, because ${because}`;
  return new HubError({
    reason: 'PERMISSION_DENIED',
    message: `${what} needs the role ${needed}${reason}; "${principal.name}" has ${principal.role}.`,
    metadata: {
      rule: because === undefined ? 'role' : 'role for secret references',
      what,
      principal: principal.name,
      role: principal.role,
      needed_role: needed,
    },
    executed: 'no',
  });
}

function notItsSystem(found: {
  principal: Principal;
  what: string;
  foreign: string;
  rule: AccessRule;
}): HubError {
  const { principal, what, foreign, rule } = found;
  const systems = principal.systems.slice(0, 5).join(', ');
  const more = principal.systems.length > 5 ? ` and ${principal.systems.length - 5} more` : '';
  const wayOut = rule.actsForAll === undefined ? '' : `, or have the role ${rule.actsForAll}`;
  return new HubError({
    reason: 'PERMISSION_DENIED',
    message: `"${principal.name}" may not act as the system ${foreign} in ${what}; it may act as ${systems === '' ? 'none' : systems + more}. Have the system added to its key${wayOut}.`,
    metadata: { rule: 'systems', what, principal: principal.name, role: principal.role, system_id: foreign },
    executed: 'no',
  });
}
