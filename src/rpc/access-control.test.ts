import { create, type DescMethod, type Message } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ServerReflection } from '#gen/standard/grpc/reflection/v1/reflection_pb.js';
import { ServerReflection as ServerReflectionAlpha } from '#gen/standard/grpc/reflection/v1alpha/reflection_pb.js';
import { Health } from '#gen/standard/health/v1/health_pb.js';
import { AccessService } from '#gen/switchyard/access/v1/access_service_pb.js';
import { HealthService } from '#gen/switchyard/health/v1/health_service_pb.js';
import { MessagingService } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { HubError } from '../base/error.ts';
import type { Refusal } from '../security/audit.ts';
import type { Caller } from '../security/authenticator.ts';
import { anonymousWith, type Principal, unchecked } from '../security/principal.ts';
import { type Role, roles } from '../security/role.ts';
import { createAccessControl } from './access-control.ts';
import { accessTable } from './access-table.ts';

const services = [
  RegistryService,
  MessagingService,
  HealthService,
  ResilienceService,
  AccessService,
  Health,
  ServerReflection,
  ServerReflectionAlpha,
];
const methods = services.flatMap(({ methods: own }) => own as readonly DescMethod[]);
const nameOf = ({ parent, name }: DescMethod): string => `${parent.typeName}/${name}`;

const address = '192.0.2.1';
const unknown: Caller = {
  principal: undefined,
  refusal: new HubError({ reason: 'UNAUTHENTICATED', message: 'show a key' }),
  credential: '',
  address,
};
function callerOf(principal: Partial<Principal>): Caller {
  return {
    principal: { ...anonymousWith('readonly'), name: 'alice', ...principal },
    refusal: undefined,
    credential: 'sw_0123456789ab',
    address,
  };
}

/** `ok`, or the reason for which a caller is refused. */
function verdict(caller: Caller, method: DescMethod, request: Message = create(method.input)): string {
  const refusals: Refusal[] = [];
  const access = createAccessControl({ refused: (refusal) => refusals.push(refusal) });
  try {
    access.admit(method, caller);
    access.authorize(method, caller, request);
    expect(refusals).toEqual([]);
    return 'ok';
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    expect(refusals).toEqual([{ caller, what: nameOf(method), reason: error.reason, why: error.message }]);
    return `${error.reason}: ${error.message}`;
  }
}

/** Least role for an empty request of each method that is not a mere reading one. */
const beyondReading: Readonly<Record<string, Role>> = {
  RegisterSystem: 'sender',
  UpdateSystem: 'sender',
  DeregisterSystem: 'sender',
  RenewLeases: 'sender',
  SendMessage: 'sender',
  ReportHealth: 'sender',
  ApplyCatalog: 'operator',
  CheckHealth: 'operator',
  TripBreaker: 'operator',
  ResetBreaker: 'operator',
  InvalidateReplies: 'operator',
  SimulatePolicy: 'operator',
  PutPolicy: 'admin',
  DeletePolicy: 'admin',
  CreateKey: 'admin',
  ListKeys: 'admin',
  RevokeKey: 'admin',
};

test('the table has every method and no other', () => {
  expect(Object.keys(accessTable).sort()).toEqual(methods.map(nameOf).sort());
});

describe.each(roles)('the role %s', (role) => {
  const caller = callerOf({ role, systems: ['*'] });
  test.each(methods.map((method) => [nameOf(method), method] as const))('%s', (_, method) => {
    const needed = beyondReading[method.name] ?? 'readonly';
    const allowed = roles.indexOf(role) >= roles.indexOf(needed);
    expect(verdict(caller, method)).toMatch(
      allowed
        ? /^ok$/
        : `PERMISSION_DENIED: ${nameOf(method)} needs the role ${needed}; "alice" has ${role}.`,
    );
  });
});

test('a method that is not in the table needs the role admin', () => {
  const strange = { ...RegistryService.method.getSystem, name: 'Strange' };
  expect(verdict(callerOf({ role: 'operator' }), strange)).toMatch(/needs the role admin/);
});

describe('callers that are not known', () => {
  test.each(methods.map((method) => [nameOf(method), method] as const))('%s', (name, method) => {
    expect(verdict(unknown, method)).toBe(
      name === 'grpc.health.v1.Health/Check' ? 'ok' : 'UNAUTHENTICATED: show a key',
    );
  });

  test('may check the hub itself and nothing else by grpc.health.v1', () => {
    const check = Health.method.check;
    expect(verdict(unknown, check, create(check.input, { service: 'orders_001' }))).toMatch(
      /^UNAUTHENTICATED/,
    );
    expect(verdict(callerOf({}), check, create(check.input, { service: 'orders_001' }))).toBe('ok');
  });
});

describe('systems', () => {
  const { registerSystem, updateSystem, deregisterSystem, renewLeases } = RegistryService.method;
  const { sendMessage } = MessagingService.method;
  const { reportHealth } = HealthService.method;
  const requests = (id: string): readonly (readonly [DescMethod, Message])[] => [
    [registerSystem, create(registerSystem.input, { system: { id } })],
    [updateSystem, create(updateSystem.input, { system: { id } })],
    [deregisterSystem, create(deregisterSystem.input, { systemId: id })],
    [renewLeases, create(renewLeases.input, { renewals: [{ systemId: 'orders.a' }, { systemId: id }] })],
    [reportHealth, create(reportHealth.input, { systemId: id })],
  ];
  const sender = callerOf({ role: 'sender', systems: ['orders.*', 'crm_001'] });

  test('a sender writes its own', () => {
    for (const [method, request] of [...requests('orders.b'), ...requests('crm_001')])
      expect(verdict(sender, method, request)).toBe('ok');
  });

  test('a sender does not write those of others, nor any without systems', () => {
    for (const [method, request] of requests('payments_001')) {
      expect(verdict(sender, method, request)).toBe(
        `PERMISSION_DENIED: "alice" may not act as the system payments_001 in ${nameOf(method)}; it may act as orders.*, crm_001. Have the system added to its key, or have the role operator.`,
      );
      expect(verdict(callerOf({ role: 'sender' }), method, request)).toMatch(/it may act as none/);
    }
  });

  test('an operator writes all', () => {
    for (const [method, request] of requests('payments_001'))
      expect(verdict(callerOf({ role: 'operator' }), method, request)).toBe('ok');
  });

  test('nobody sends as a system that it may not act as, not even an admin', () => {
    const as = (source: string) => create(sendMessage.input, { message: { source } });
    expect(verdict(sender, sendMessage, as('orders.b'))).toBe('ok');
    expect(verdict(sender, sendMessage, as(''))).toBe('ok');
    for (const caller of [sender, callerOf({ role: 'admin' })])
      expect(verdict(caller, sendMessage, as('payments_001'))).toMatch(
        /may not act as the system payments_001 in switchyard\.messaging\.v1\.MessagingService\/SendMessage/,
      );
    expect(verdict({ ...sender, principal: unchecked }, sendMessage, as('anybody'))).toBe('ok');
  });
});

describe('references to secrets', () => {
  const { registerSystem, updateSystem } = RegistryService.method;
  const declared = (parts: object): object => ({
    system: { id: 'orders_001', interfaces: [{ name: 'api', uri: 'https://orders', ...parts }] },
  });
  const sender = callerOf({ role: 'sender', systems: ['orders_001'] });
  const ref = { secret_ref: 'env:SWITCHYARD_SECRET_X' };

  test.each([
    ['in settings', { settings: { tls: { key: ref } } }],
    ['deep in settings', { settings: { list: [[{ headers: { authorization: ref } }]] } }],
    ["in a route's operation", { routes: [{ messageType: 'a', operation: { headers: { k: ref } } }] }],
  ])('%s need an operator', (_, parts) => {
    for (const method of [registerSystem, updateSystem]) {
      const request = create(method.input, declared(parts));
      expect(verdict(sender, method, request)).toMatch(
        /needs the role operator here, because the interface "api" refers to a secret, which the hub would send to https:\/\/orders; "alice" has sender\.$/,
      );
      expect(verdict(callerOf({ role: 'operator' }), method, request)).toBe('ok');
    }
  });

  test('settings without one do not', () => {
    const request = create(registerSystem.input, declared({ settings: { secret: 'secret_ref', n: null } }));
    expect(verdict(sender, registerSystem, request)).toBe('ok');
  });
});
