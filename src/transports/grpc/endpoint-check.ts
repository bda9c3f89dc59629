import type { Secrets } from '../../base/secrets.ts';
import type { EndpointDeclaration, SettingViolation } from '../../base/transport.ts';
import { DescriptorProblem } from './file-order.ts';
import { secretViolations } from '../endpoint-violations.ts';
import { schemaViolations } from '../issue-violations.ts';
import { parseGrpcUri } from '../target-address.ts';
import {
  type GrpcMethodOperation,
  grpcMethodOperation,
  methodNameOf,
  operationSchemaOf,
} from './grpc-operation.ts';
import { grpcSettings } from './grpc-settings.ts';
import type { NamedTypes } from './named-types.ts';
import { unaryMethodOf } from './service-types.ts';

/** What a registration is checked against. */
export interface EndpointCheckPorts {
  readonly secrets: Secrets;
  readonly named: NamedTypes;
}

/** Everything that is wrong with a gRPC interface, as far as it shows without asking the target. */
export function checkGrpcEndpoint(
  { uri, settings, routes }: EndpointDeclaration,
  ports: EndpointCheckPorts,
): readonly SettingViolation[] {
  const parsed = parseGrpcUri(uri);
  const violations: SettingViolation[] = parsed.ok ? [] : [{ path: 'uri', message: parsed.problem }];
  violations.push(...schemaViolations(grpcSettings, settings, 'settings'));
  violations.push(...refusedSecrets(settings, 'settings', ports.secrets));
  if (parsed.ok && !parsed.address.tls && settings['tls'] !== undefined)
    violations.push({ path: 'settings.tls', message: 'needs a grpcs:// URI; grpc:// does not speak TLS' });

  const set = settings['descriptor_set'];
  const setProblem = typeof set === 'string' ? problemOf(() => ports.named.get(set)) : undefined;
  if (setProblem !== undefined) violations.push({ path: 'settings.descriptor_set', message: setProblem });
  for (const [index, { operation }] of routes.entries()) {
    const path = `routes[${index}].operation`;
    violations.push(...schemaViolations(operationSchemaOf(operation), operation, path));
    violations.push(...refusedSecrets(operation, path, ports.secrets));
    const method = grpcMethodOperation.safeParse(operation);
    if (method.success && typeof set === 'string' && setProblem === undefined)
      violations.push(...methodViolations(method.data, set, path, ports.named));
  }
  return violations;
}

function methodViolations(
  operation: GrpcMethodOperation,
  set: string,
  path: string,
  named: NamedTypes,
): SettingViolation[] {
  const types = named.get(set);
  const problem = problemOf(() => unaryMethodOf(types, methodNameOf(operation)));
  const unknown = (operation.any_types ?? []).filter((name) => types.getMessage(name) === undefined);
  return [
    ...(problem === undefined
      ? []
      : [{ path: `${path}.method`, message: `in the descriptor set ${set}: ${problem}` }]),
    ...unknown.map((name) => ({
      path: `${path}.any_types`,
      message: `the descriptor set ${set} has no message type ${name}`,
    })),
  ];
}

function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof DescriptorProblem) return thrown.message;
    throw thrown;
  }
}

/** A violation for each reference to a secret that can never be read here, at the reference itself. */
function refusedSecrets(value: unknown, path: string, secrets: Secrets): SettingViolation[] {
  return secretViolations(value, secrets, path).map(({ path: at, message }) => ({
    path: `${at}.secret_ref`,
    message,
  }));
}
