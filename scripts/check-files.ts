/**
 * Checks what no linter reads: that every link and every `npm run` command in the documents leads somewhere, and that no
 * committed file names a path of somebody's machine or the host of a package registry. Run by `npm run files`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const packageFile = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** Tracked files and new ones that are not ignored, as paths from the root. */
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)));

const problems = [
  ...files.filter((file) => file.endsWith('.md')).flatMap(problemsOfDocument),
  ...files.flatMap(strangersIn),
];
for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function problemsOfDocument(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found: string[] = [];
  for (const [, target = ''] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = '', anchor = ''] = target.split('#');
    const aim = path === '' ? file : normalize(join(dirname(file), path));
    if (!existsSync(join(root, aim))) found.push(`${file}: link to ${target}, which is not there`);
    else if (anchor !== '' && aim.endsWith('.md') && !anchorsOf(aim).has(anchor))
      found.push(`${file}: link to ${target}, but ${aim} has no such heading`);
  }
  for (const [, script = ''] of text.matchAll(/npm run ([a-z]+(?:[:-][a-z]+)*)/g)) {
    if (!(script in packageFile.scripts))
      found.push(`${file}: npm run ${script}, which package.json does not have`);
  }
  return found;
}

/** The anchors of a document's headings, made as GitHub makes them. */
function anchorsOf(file: string): Set<string> {
  const headings = withoutCode(readFileSync(join(root, file), 'utf8')).matchAll(/^#+ +(.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '');
}

/** Paths of machines and hosts of registries in a text file; the patterns are spelt so that they do not match here. */
function strangersIn(file: string): string[] {
  const bytes = readFileSync(join(root, file));
  if (bytes.includes(0)) return [];
  const strangers =
    /(?<![\w.~-])\/(?:root|work|home\/[a-z]+|Users\/[a-z]+)\/[\w.-]|registry\.npm[j]s\.org|proxy\.golan[g]\.org|files\.pythonho[s]ted\.org|\bpyp[i]\.org|deb\.debia[n]\.org/g;
  return bytes
    .toString('utf8')
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(strangers)].map(([found]) => `${file}:${index + 1}: names ${found}`),
    );
}
