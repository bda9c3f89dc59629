import type { Route } from '../base/route.ts';
import type {
  Endpoint,
  EndpointDeclaration,
  HealthCheck,
  Protocol,
  SettingViolation,
} from '../base/transport.ts';
import { parseInterfaceUri } from './interface-uri.ts';
import type { System } from './system.ts';

/**
 * What the transport of `protocol` finds wrong with a declaration, whose URI is canonical; empty when nothing. The
 * hub wires it to `Transport.checkEndpoint`.
 */
export type CheckEndpoint = (
  protocol: Protocol,
  declaration: EndpointDeclaration,
) => readonly SettingViolation[];

/** What a caller declares about one way to reach a system. */
export interface DeclaredInterface {
  /** Undefined: from the scheme of the URI. */
  readonly protocol: Protocol | undefined;
  readonly uri: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly healthCheck: HealthCheck;
  readonly routes: readonly Route[];
}

/**
 * Everything that is wrong with an interface beyond the limits of its single fields: URI, agreement of protocol and
 * scheme, the adapter's settings, and a health check that the protocol can do. Paths are relative to the interface
 * (`uri`, `protocol`, `settings.x`, `health_check.path`).
 */
export function checkInterface(
  declared: DeclaredInterface,
  ports: { readonly checkEndpoint: CheckEndpoint },
): readonly SettingViolation[] {
  const uri = parseInterfaceUri(declared.uri, declared.protocol);
  if (!uri.ok) return [{ path: uri.path, message: uri.message }];
  const { settings, routes } = declared;
  return [
    ...ports.checkEndpoint(uri.protocol, { uri: uri.canonical, settings, routes }),
    ...checkHealthCheck(declared.healthCheck, uri.protocol),
  ];
}

/** The system's interfaces as transports take them, in order of preference, with canonical URIs. */
export function endpointsOf(system: System): readonly Endpoint[] {
  return system.interfaces.map((declared) => {
    const uri = parseInterfaceUri(declared.uri, declared.protocol);
    return {
      systemId: system.id,
      interface: declared.name,
      protocol: declared.protocol,
      // A record of a hub that knew more schemes keeps its URI: its transport says what is wrong with it.
      uri: uri.ok ? uri.canonical : declared.uri,
      settings: declared.settings,
      healthCheck: declared.healthCheck,
      routes: declared.routes,
    };
  });
}

function checkHealthCheck(check: HealthCheck, protocol: Protocol): SettingViolation[] {
  const violations: SettingViolation[] = [];
  const over = protocol === 'GRAPHQL' ? 'HTTP' : protocol;
  if ((check.kind === 'HTTP' || check.kind === 'GRPC') && check.kind !== over) {
    violations.push({
      path: 'health_check.kind',
      message: `is KIND_${check.kind}, but the interface speaks ${protocol}; leave it unset for the protocol's own way, or use KIND_TCP or KIND_NONE`,
    });
  }
  if (check.kind === 'TCP' && (protocol === 'UDP' || protocol === 'PLUGIN')) {
    violations.push({
      path: 'health_check.kind',
      message: `is KIND_TCP, but the interface speaks ${protocol}; leave it unset for the protocol's own way, or use KIND_NONE`,
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
