import {
  create,
  createFileRegistry,
  createRegistry,
  type DescMethod,
  type Registry,
} from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { messageOf } from '../../base/error.ts';
import { DescriptorProblem, orderedFiles } from './file-order.ts';
import type { MethodName } from './grpc-operation.ts';
import { knownTypes } from './known-types.ts';

/** A unary method and the types that its messages and their `Any` fields may hold. */
export interface UnaryMethod {
  readonly desc: DescMethod;
  readonly types: Registry;
}

/** Names that a text lists, at most. */
const namesShownMax = 10;

/**
 * The types that files describe, in any order; well-known files of google.protobuf may be missing. Throws
 * {@link DescriptorProblem}: an import is missing, files import each other, a name does not resolve.
 */
export function typesOf(files: readonly FileDescriptorProto[]): Registry {
  try {
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: orderedFiles(files) }));
    return createRegistry(knownTypes(), registry);
  } catch (thrown) {
    if (thrown instanceof DescriptorProblem) throw thrown;
    // A descriptor that no compiler wrote fails anywhere in the library, with any error.
    throw new DescriptorProblem(`the files do not fit together: ${messageOf(thrown).slice(0, 200)}`);
  }
}

/** The unary method of this name. Throws {@link DescriptorProblem}: no such service or method, or it streams. */
export function unaryMethodOf(types: Registry, { service, method }: MethodName): UnaryMethod {
  const found = types.getService(service);
  if (found === undefined) {
    const others = [...types].filter(({ kind }) => kind === 'service').map(({ typeName }) => typeName);
    throw new DescriptorProblem(`there is no service ${service}${listed(others)}`);
  }
  const desc = found.methods.find(({ name }) => name === method);
  if (desc === undefined)
    throw new DescriptorProblem(
      `the service ${service} has no method ${method}${listed(found.methods.map(({ name }) => name))}`,
    );
  if (desc.methodKind !== 'unary')
    throw new DescriptorProblem(
      `${service}/${method} is a ${desc.methodKind.replace('_', ' ')} method; only unary ones can be called`,
    );
  return { desc, types };
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length > namesShownMax ? `, and ${names.length - namesShownMax} more` : '';
  return `; there is ${names.slice(0, namesShownMax).join(', ')}${more}`;
}
