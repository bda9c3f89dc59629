import type { Endpoint, HealthCheck, Protocol, SettingViolation } from '../base/transport.ts';
import { interfaceSchemes, parseInterfaceUri, type SchemeTable } from './interface-uri.ts';
import type { System } from './system.ts';

/**
 * What the transport of `protocol` finds wrong with a canonical URI and settings; empty when nothing. The hub wires
 * it to `Transport.checkEndpoint`.
 */
export type CheckEndpoint = (
  protocol: Protocol,
  uri: string,
  settings: Readonly<Record<string, unknown>>,
) => readonly SettingViolation[];

/** What a caller declares about one way to reach a system. */
export interface DeclaredInterface {
  /** Undefined: from the scheme of the URI. */
  readonly protocol: Protocol | undefined;
  readonly uri: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly healthCheck: HealthCheck;
}

/**
 * Everything that is wrong with an interface beyond the limits of its single fields: URI, agreement of protocol and
 * scheme, the adapter's settings, and a health check that the protocol can do. Paths are relative to the interface
 * (`uri`, `protocol`, `settings.x`, `health_check.path`).
 */
export function checkInterface(
  declared: DeclaredInterface,
  ports: { readonly checkEndpoint: CheckEndpoint; readonly schemes?: SchemeTable },
): readonly SettingViolation[] {
  const schemes = ports.schemes ?? interfaceSchemes;
  const uri = parseInterfaceUri(declared.uri, schemes);
  if (!uri.ok) return [{ path: 'uri', message: uri.message }];
  const violations: SettingViolation[] = [];
  if (declared.protocol !== undefined && declared.protocol !== uri.protocol) {
    const fitting = Object.entries(schemes).filter(([, protocol]) => protocol === declared.protocol);
    violations.push({
      path: 'protocol',
      message: `is ${declared.protocol}, but the URI speaks ${uri.protocol}; leave the protocol unset, or use a URI with ${fitting.map(([scheme]) => `${scheme}://`).join(' or ')}`,
    });
  }
  violations.push(...ports.checkEndpoint(uri.protocol, uri.canonical, declared.settings));
  violations.push(...checkHealthCheck(declared.healthCheck, uri.protocol));
  return violations;
}

/** The system's interfaces as transports take them, in order of preference, with canonical URIs. */
export function endpointsOf(system: System): readonly Endpoint[] {
  return system.interfaces.map((declared) => {
    const uri = parseInterfaceUri(declared.uri);
    return {
      systemId: system.id,
      interface: declared.name,
      protocol: declared.protocol,
      // A record of a hub that knew more schemes keeps its URI: its transport says what is wrong with it.
      uri: uri.ok ? uri.canonical : declared.uri,
      settings: declared.settings,
      healthCheck: declared.healthCheck,
    };
  });
}

function checkHealthCheck(check: HealthCheck, protocol: Protocol): SettingViolation[] {
  const violations: SettingViolation[] = [];
  if ((check.kind === 'HTTP' || check.kind === 'GRPC') && check.kind !== protocol) {
    violations.push({
      path: 'health_check.kind',
      message: `is KIND_${check.kind}, but the interface speaks ${protocol}; use KIND_${protocol}, KIND_TCP or KIND_NONE`,
    });
  }
  const probesBy = check.kind === 'AUTO' ? protocol : check.kind;
  if (check.path !== '' && probesBy !== 'HTTP') {
    violations.push({ path: 'health_check.path', message: 'is for HTTP probes only; leave it empty' });
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  } else if (check.path !== '' && !/^\/[^\s#\u0000-\u0020\u007f]*$/.test(check.path)) {
    violations.push({
      path: 'health_check.path',
      message: `is ${JSON.stringify(check.path)}; it must begin with / and hold no white space or #`,
    });
  }
  if (check.service !== '' && probesBy !== 'GRPC') {
    violations.push({ path: 'health_check.service', message: 'is for gRPC probes only; leave it empty' });
  }
  return violations;
}
