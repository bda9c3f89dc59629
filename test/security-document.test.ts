import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { accessTable } from '../src/rpc/access-table.ts';
import { root } from './root.ts';

test('docs/security.md says the least role of every RPC, as the code has it', () => {
  const rows = readFileSync(join(root, 'docs/security.md'), 'utf8').matchAll(
    /^\| `([a-z0-9.A-Z]+\/\w+)` +\| (\w+)/gm,
  );
  const inDocument = Object.fromEntries([...rows].map(([, name = '', role = '']) => [name, role]));
  const inCode = Object.fromEntries(Object.entries(accessTable).map(([name, { role }]) => [name, role]));
  expect(inDocument).toEqual(inCode);
});
