import { positionText, type SourcePosition } from '../catalog/catalog-file-error.ts';
import { CommandFailure } from './command-failure.ts';

/** What was read from a file and knows where its fields stand; undefined for a field that is none of its own. */
interface Located {
  locate(field: string): SourcePosition | undefined;
}

/** Runs a call about something of a file. What the hub finds wrong with it is told by file, line and column. */
export async function withPositions<Result>(
  { locate }: Located,
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
