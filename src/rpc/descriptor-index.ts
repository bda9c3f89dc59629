import { type DescExtension, type DescFile, type DescMessage, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** A set of proto files, found by name, symbol and extension, each as FileDescriptorProto bytes. */
export interface DescriptorIndex {
  /** By the name it is imported under, `switchyard/type/v1/target.proto`. */
  fileNamed(name: string): DescFile | undefined;
  /** The file that defines a message, field, enum, enum value, service, method or extension, by full name. */
  fileOf(symbol: string): DescFile | undefined;
  fileOfExtension(typeName: string, number: number): DescFile | undefined;
  /** Field numbers of the extensions of a message, ascending; undefined for a type that is not here. */
  extensionNumbersOf(typeName: string): readonly number[] | undefined;
  /** The file itself, then all that it imports, at any distance. */
  withImports(file: DescFile): readonly DescFile[];
  bytesOf(file: DescFile): Uint8Array;
}

/** Indexes these files and everything that they import. */
export function createDescriptorIndex(roots: readonly DescFile[]): DescriptorIndex {
  const files = new Map<string, DescFile>();
  const symbols = new Map<string, DescFile>();
  const extensions = new Map<string, Map<number, DescFile>>();
  const encoded = new Map<DescFile, Uint8Array>();

  const add = (file: DescFile): void => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    for (const symbol of symbolsOf(file)) symbols.set(symbol, file);
    for (const extension of extensionsOf(file)) {
      const numbers = extensions.get(extension.extendee.typeName) ?? new Map<number, DescFile>();
      extensions.set(extension.extendee.typeName, numbers.set(extension.number, file));
    }
    file.dependencies.forEach(add);
  };
  roots.forEach(add);

  return {
    fileNamed: (name) => files.get(name),
    fileOf: (symbol) => symbols.get(symbol.replace(/^\./, '')),
    fileOfExtension: (typeName, number) => extensions.get(typeName)?.get(number),
    extensionNumbersOf(typeName) {
      const numbers = extensions.get(typeName);
      if (numbers === undefined && !symbols.has(typeName)) return undefined;
      return [...(numbers?.keys() ?? [])].sort((a, b) => a - b);
    },
    withImports(file) {
      const found = new Set([file]);
      // A set grows while it is walked.
      for (const each of found) each.dependencies.forEach((dependency) => found.add(dependency));
      return [...found];
    },
    bytesOf(file) {
      const bytes = encoded.get(file) ?? toBinary(FileDescriptorProtoSchema, file.proto);
      encoded.set(file, bytes);
      return bytes;
    },
  };
}

function* symbolsOf(file: DescFile): Generator<string> {
  for (const message of messagesOf(file.messages)) {
    yield message.typeName;
    for (const member of [...message.fields, ...message.oneofs]) yield `${message.typeName}.${member.name}`;
  }
  const enums = [...file.enums, ...[...messagesOf(file.messages)].flatMap((message) => message.nestedEnums)];
  for (const each of enums) {
    yield each.typeName;
    // An enum value's name is in the scope around the enum.
    const scope = each.typeName.slice(0, each.typeName.lastIndexOf('.') + 1);
    for (const value of each.values) yield scope + value.name;
  }
  for (const service of file.services) {
    yield service.typeName;
    for (const method of service.methods) yield `${service.typeName}.${method.name}`;
  }
  for (const extension of extensionsOf(file)) yield extension.typeName;
}

function* messagesOf(messages: readonly DescMessage[]): Generator<DescMessage> {
  for (const message of messages) {
    yield message;
    yield* messagesOf(message.nestedMessages);
  }
}

function extensionsOf(file: DescFile): DescExtension[] {
  return [
    ...file.extensions,
    ...[...messagesOf(file.messages)].flatMap((message) => message.nestedExtensions),
  ];
}
