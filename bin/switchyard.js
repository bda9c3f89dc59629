#!/usr/bin/env node
// Starts the command line. Plain JavaScript without imports of packages, so that the check of Node's version runs first:
// better-sqlite3 13 ends an older Node without a word.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const oldestNode = [22, 19];

const source = new URL('../src/cli/main.ts', import.meta.url);
const compiled = new URL('../dist/cli/main.js', import.meta.url);

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isTooOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);

if (isTooOld) {
  const inClone = existsSync(source);
  const ownNode = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  const lines = [
    `switchyard needs Node.js ${oldestNode.join('.')} or newer; this is ${process.versions.node}.`,
    inClone && existsSync(ownNode)
      ? 'This clone has its own Node.js: run `npx switchyard …` or an npm script (`npm start`), which find it first.'
      : inClone
        ? 'Run `npm ci`, which brings a Node.js of its own, then `npx switchyard …` or `npm start`; or install a newer one from https://nodejs.org.'
        : 'Install a newer one from https://nodejs.org, or run `npx -p node@24 -p switchyard-hub switchyard …`.',
  ];
  console.error(lines.join('\n'));
  process.exitCode = 1;
} else {
  // A clone always runs its source, even when an old build lies beside it; a published package has no source.
  const entry = existsSync(source) ? source : compiled;
  if (existsSync(entry)) {
    // Keeps compiled code between runs, in the system's temporary folder: commands start in about half the time.
    const { enableCompileCache } = await import('node:module');
    enableCompileCache();
    const { main } = await import(entry.href);
    process.exitCode = await main(process.argv.slice(2));
  } else {
    console.error(
      `switchyard is incomplete: ${fileURLToPath(compiled)} is missing. It was packed without being built: in a clone, \`npm run package\` does both.`,
    );
    process.exitCode = 1;
  }
}
