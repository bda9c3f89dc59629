/**
 * Brings what docs/resilience.md shows of the code up to date: its pictures and the table of all fields of a policy. Run
 * by `node scripts/resilience-document.ts`, then `npm run format:fix`; a test (test/resilience-document.test.ts) says when.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { policyTable } from './policy-table.ts';
import { resiliencePictures } from './resilience-pictures.ts';

const docs = fileURLToPath(new URL('../docs/', import.meta.url));

for (const [name, svg] of Object.entries(resiliencePictures())) writeFileSync(`${docs}pictures/${name}`, svg);

const marks = /(<!-- policy-fields:begin[^>]*-->\n)[\s\S]*?(\n<!-- policy-fields:end -->)/;
const page = readFileSync(`${docs}resilience.md`, 'utf8');
if (!marks.test(page)) throw new Error('docs/resilience.md has lost its policy-fields:begin and :end marks');
writeFileSync(
  `${docs}resilience.md`,
  page.replace(marks, (_, begin: string, end: string) => `${begin}\n${policyTable()}\n${end}`),
);
