import { create, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DescriptorSetSchema } from '#gen/switchyard/registry/v1/catalog_pb.js';
import type { DescriptorSet } from '#gen/switchyard/registry/v1/catalog_pb.js';
import { descriptorSetBytesMax } from './catalog-file.ts';
import type { DescriptorSetSettings } from './catalog-file.ts';
import { readFault } from './source-files.ts';

/** The path of the file that a descriptor set names; undefined when its data stands in the catalog. */
export function descriptorSetPath({ file }: DescriptorSetSettings, folder: string): string | undefined {
  return file === undefined ? undefined : resolve(folder, file);
}

/** Reads a descriptor set. `fault` says what is wrong with it, and in which field. */
export async function readDescriptorSet(
  settings: DescriptorSetSettings,
  folder: string,
): Promise<DescriptorSet | { readonly field: 'file' | 'data'; readonly fault: string }> {
  const path = descriptorSetPath(settings, folder);
  const field = path === undefined ? 'data' : 'file';
  let data: Uint8Array;
  try {
    data = path === undefined ? Buffer.from(settings.data ?? '', 'base64') : await readFile(path);
  } catch (error) {
    return { field, fault: `cannot be read: ${readFault(error)}; found ${settings.file ?? ''}` };
  }
  if (data.length > descriptorSetBytesMax) {
    return { field, fault: `must be at most ${descriptorSetBytesMax} bytes; found ${data.length}` };
  }
  if (!isDescriptorSet(data)) {
    return {
      field,
      fault: `must be a serialized FileDescriptorSet, as buf build -o set.binpb writes it; found ${data.length} bytes of something else`,
    };
  }
  return create(DescriptorSetSchema, { name: settings.name, data: new Uint8Array(data) });
}

function isDescriptorSet(data: Uint8Array): boolean {
  try {
    const { file } = fromBinary(FileDescriptorSetSchema, data);
    return file.length > 0 && file.every(({ name }) => name !== '');
  } catch {
    // Not protobuf at all; the caller says what it should be.
    return false;
  }
}
