import { z } from 'zod';
import { policyFile } from './policy-file.ts';
import { fields, list, slug } from './setting-rules.ts';
import { systemFile } from './system-file.ts';

/** Most of each kind in one catalog, as the contract has it. */
export const catalogSystemsMax = 10_000;
export const catalogPoliciesMax = 1000;
export const catalogDescriptorSetsMax = 100;

/** Largest descriptor set, in bytes. */
export const descriptorSetBytesMax = 1024 * 1024;

const descriptorSetFile = fields({
  name: slug().describe('Unique name; the setting descriptor_set of a gRPC interface refers to it.'),
  file: z
    .string()
    .min(1, 'must not be empty')
    .optional()
    .describe(
      'Path of a FileDescriptorSet with all imports (buf build -o set.binpb), relative to this file.',
    ),
  data: z.base64('must be base64').min(1, 'must not be empty').optional().describe('The same, in base64.'),
})
  .refine(({ file, data }) => (file === undefined) !== (data === undefined), 'must have either file or data')
  .meta({ title: 'DescriptorSet', oneOf: [{ required: ['file'] }, { required: ['data'] }] });

/** One document of a catalog file. */
export const catalogFile = fields({
  catalog: slug()
    .optional()
    .describe(
      'Name of the catalog. Required once; documents and files without it belong to the one that is named beside them.',
    ),
  systems: list(systemFile, catalogSystemsMax).optional().describe('Its systems, each id once.'),
  policies: list(policyFile, catalogPoliciesMax).optional().describe('Its policies, each name once.'),
  descriptor_sets: list(descriptorSetFile, catalogDescriptorSetsMax)
    .optional()
    .describe('Descriptions of foreign gRPC services, for targets that do not serve reflection.'),
}).meta({
  title: 'Switchyard catalog',
  description: 'Systems, policies and descriptor sets that are applied as one; see docs/catalogs.md.',
});

/** A document of a catalog file once read: durations in ms. */
export type CatalogSettings = z.output<typeof catalogFile>;
export type DescriptorSetSettings = z.output<typeof descriptorSetFile>;
