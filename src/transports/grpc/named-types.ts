import { DescriptorProblem } from './file-order.ts';
import { createRegistry, fromBinary, type Registry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { DescriptorSets } from '../../base/descriptor-sets.ts';
import { messageOf } from '../../base/error.ts';
import { descriptorFieldsMax } from '../limits.ts';
import { LruMap } from '../lru-map.ts';
import { FieldBudget } from './field-budget.ts';
import { typesOf } from './service-types.ts';

/** Sets whose types are kept ready; a catalog holds at most 100. */
const setsMax = 128;

interface ReadSet {
  readonly bytes: Uint8Array;
  readonly types: Registry | DescriptorProblem;
}

/** The types of the catalogs' descriptor sets, read once each until a set is replaced. */
export class NamedTypes {
  readonly #sets: DescriptorSets;
  readonly #read = new LruMap<ReadSet>(setsMax);

  constructor(sets: DescriptorSets) {
    this.#sets = sets;
  }

  /** Throws {@link DescriptorProblem}: there is no such set, or it cannot be used. */
  get(name: string): Registry {
    const bytes = this.#sets.get(name);
    if (bytes === undefined)
      throw new DescriptorProblem(
        `there is no descriptor set ${JSON.stringify(name)}; bring it with a catalog (ApplyCatalog), or leave descriptor_set out to use the target's reflection`,
      );
    let read = this.#read.get(name);
    if (read?.bytes !== bytes) {
      read = { bytes, types: typesIn(bytes) };
      this.#read.set(name, read);
    }
    if (read.types instanceof DescriptorProblem)
      throw new DescriptorProblem(`the descriptor set ${name} cannot be used: ${read.types.message}`);
    return read.types;
  }
}

function typesIn(bytes: Uint8Array): Registry | DescriptorProblem {
  try {
    new FieldBudget(descriptorFieldsMax, createRegistry()).takeBytes(FileDescriptorSetSchema, bytes);
    return typesOf(fromBinary(FileDescriptorSetSchema, bytes).file);
  } catch (thrown) {
    return thrown instanceof DescriptorProblem
      ? thrown
      : new DescriptorProblem(`it is no FileDescriptorSet: ${messageOf(thrown).slice(0, 200)}`);
  }
}
