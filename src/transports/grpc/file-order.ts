import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { completeNames, typesIn } from './descriptor-names.ts';
import { wellKnownFiles } from './known-types.ts';

/** Descriptors that do not hold together, or lack what was asked for. One line for people. */
export class DescriptorProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DescriptorProblem';
  }
}

/**
 * The files, each after those that it needs: those that it imports, and those that declare the types it names, since
 * some servers give out files without their imports (@grpc/reflection). The well-known files of google.protobuf are
 * always ours, whoever gives them and however he cuts them. Names are completed in place.
 *
 * Throws {@link DescriptorProblem}: an imported file is missing, or files need each other.
 */
export function orderedFiles(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const known = [...wellKnownFiles().values()].map(({ proto }) => proto);
  const knownTypes = new Set(known.flatMap(typesIn));
  const isOurs = (file: FileDescriptorProto): boolean =>
    file.package === 'google.protobuf' && typesIn(file).every((type) => knownTypes.has(type));
  const given = files.filter((file) => !isOurs(file));
  const replaced = new Set(files.filter(isOurs).map(({ name }) => name));

  const byName = new Map([...known, ...given].map((file) => [file.name, file]));
  const byType = new Map([...known, ...given].flatMap((file) => typesIn(file).map((type) => [type, file])));
  const namesOf = new Map(given.map((file) => [file, completeNames(file, byType)]));
  const needed = (file: FileDescriptorProto): FileDescriptorProto[] => {
    const imported = file.dependency.flatMap((name) => {
      const found = byName.get(name);
      if (found === undefined && !replaced.has(name))
        throw new DescriptorProblem(`the file ${name}, which ${file.name} imports, is missing`);
      return found ?? [];
    });
    const named = [...(namesOf.get(file) ?? [])].flatMap((type) => byType.get(type) ?? []);
    return [...new Set([...imported, ...named])].filter((other) => other !== file);
  };
  const ordered = depthFirst(given, needed);
  for (const file of given) file.dependency = file.dependency.filter((name) => !replaced.has(name));
  return ordered;
}

/** With a stack of its own: a chain of imports may be as long as there are files. A loop has no order. */
function depthFirst(
  roots: readonly FileDescriptorProto[],
  needed: (file: FileDescriptorProto) => FileDescriptorProto[],
): FileDescriptorProto[] {
  const done = new Set<FileDescriptorProto>();
  for (const root of roots) {
    if (done.has(root)) continue;
    const path = [{ file: root, rest: needed(root) }];
    const open = new Set([root]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        done.add(top.file);
        open.delete(top.file);
        path.pop();
      } else if (open.has(next)) {
        throw new DescriptorProblem(`the files ${top.file.name} and ${next.name} need each other`);
      } else if (!done.has(next)) {
        open.add(next);
        path.push({ file: next, rest: needed(next) });
      }
    }
  }
  return [...done];
}
