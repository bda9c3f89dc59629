// Part of `npm run build`: compiles examples/aim-os into dist/demo for the published package (`switchyard demo`), because
// Node strips no types below node_modules, and the sources that it imports are in dist there. dist/demo lies as deep as
// examples/aim-os, so that its path to bin/ stays right.
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../examples/aim-os/', import.meta.url));
const target = fileURLToPath(new URL('../dist/demo/', import.meta.url));

rmSync(target, { recursive: true, force: true });
cpSync(source, target, { recursive: true, filter: (path) => !path.endsWith('.ts') });
for (const name of globSync('*.ts', { cwd: source })) {
  const compiled = stripTypeScriptTypes(readFileSync(source + name, 'utf8'))
    .replaceAll(/(from |import\()'(\.[^']*)\.ts'/g, "$1'$2.js'")
    .replaceAll("'../../src/", "'../");
  writeFileSync(target + name.replace(/\.ts$/, '.js'), compiled);
}
