import { dirname } from 'node:path';
import type { Policy } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { positionText } from '../catalog/catalog-file-error.ts';
import { type ReadPolicy, readPolicy } from '../catalog/read-policy.ts';
import { CommandFailure } from './command-failure.ts';
import { readFileText } from './file-text.ts';

/**
 * The policy of a YAML or JSON file (`-`: standard input), in the form of docs/catalogs.md. Throws CatalogFileError that
 * names file, line, column and field of everything that is wrong.
 */
export async function readPolicyFile(path: string): Promise<Policy> {
  return (await readLocatedPolicy(path)).policy;
}

/** The same, with where each of its fields stands. */
export async function readLocatedPolicy(path: string): Promise<ReadPolicy> {
  return readPolicy({ name: path, folder: dirname(path), text: await readFileText(path) });
}

/** Runs a call about a policy of a file. What the hub finds wrong with it is told by file, line and column. */
export async function withPositions<Result>(
  { locate }: ReadPolicy,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw new CommandFailure(error, {
      translate: ({ field, description }) => {
        const position = locate(field);
        if (position === undefined) return { field, description };
        const where = [positionText(position), position.path].filter((part) => part !== '');
        return { field: where.join(': '), description };
      },
    });
  }
}
