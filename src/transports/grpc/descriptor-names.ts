import { protoCamelCase } from '@bufbuild/protobuf/reflect';
import type { DescriptorProto, FieldDescriptorProto, FileDescriptorProto } from '@bufbuild/protobuf/wkt';

/**
 * Completes names that a descriptor may leave out and this hub's library needs, in place: JSON names of fields, and
 * type names that are relative to where they stand (those of protobufjs, and so of @grpc/reflection). A name that
 * `types` (full names, without a leading dot) does not have stays as it is. Gives the full names of all types that the
 * file names.
 */
export function completeNames(
  file: FileDescriptorProto,
  types: { has(name: string): boolean },
): ReadonlySet<string> {
  const names = new NameCompletion(types);
  for (const message of file.messageType) names.inMessage(message, file.package);
  for (const extension of file.extension) names.inField(extension, file.package);
  for (const service of file.service) {
    for (const method of service.method) {
      method.inputType = names.full(method.inputType, file.package);
      method.outputType = names.full(method.outputType, file.package);
    }
  }
  return names.found;
}

class NameCompletion {
  readonly found = new Set<string>();
  readonly #types: { has(name: string): boolean };

  constructor(types: { has(name: string): boolean }) {
    this.#types = types;
  }

  inMessage(message: DescriptorProto, scope: string): void {
    const inside = within(scope, message.name);
    for (const field of message.field) {
      if (field.jsonName === '') field.jsonName = protoCamelCase(field.name);
      this.inField(field, inside);
    }
    for (const extension of message.extension) this.inField(extension, inside);
    for (const nested of message.nestedType) this.inMessage(nested, inside);
  }

  inField(field: FieldDescriptorProto, scope: string): void {
    if (field.typeName !== '') field.typeName = this.full(field.typeName, scope);
    if (field.extendee !== '') field.extendee = this.full(field.extendee, scope);
  }

  /** The full name, with its leading dot, of what `name` means in `scope`: the innermost that there is. */
  full(name: string, scope: string): string {
    if (name.startsWith('.')) {
      this.found.add(name.slice(1));
      return name;
    }
    for (let outer = scope; ; outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))) {
      const candidate = within(outer, name);
      if (this.#types.has(candidate)) {
        this.found.add(candidate);
        return `.${candidate}`;
      }
      if (outer === '') return name;
    }
  }
}

/** Full names of all messages and enums of a file, without a leading dot. */
export function typesIn(file: FileDescriptorProto): string[] {
  const names: string[] = file.enumType.map(({ name }) => within(file.package, name));
  const collect = (message: DescriptorProto, scope: string): void => {
    const inside = within(scope, message.name);
    names.push(inside, ...message.enumType.map(({ name }) => within(inside, name)));
    for (const nested of message.nestedType) collect(nested, inside);
  };
  for (const message of file.messageType) collect(message, file.package);
  return names;
}

function within(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
