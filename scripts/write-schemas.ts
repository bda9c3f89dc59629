/** Writes gen/schemas. Run by `npm run gen`. Argument: the folder to write gen/ into; default: the checkout itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileSchemas } from './file-schemas.ts';

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'gen', 'schemas');
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(fileSchemas())) {
  writeFileSync(join(folder, `${name}.schema.json`), `${JSON.stringify(schema, undefined, 2)}\n`);
}
