/**
 * Everything that CI checks, in order, each to its end whether or not one before it failed. Run by `npm run all` and,
 * after it installed what a fresh machine lacks, by `.ci/run`. The last line is `N passed, N failed, N skipped`: the
 * tests one by one, and one for each further check. Exit code 1 when anything failed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const testReport = `${root}.cache/vitest.json`;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** npm scripts that are checks, after the tests. Their names say what each is for. */
const checks = [
  'lint',
  'format',
  'typecheck',
  'build',
  'buf:lint',
  'buf:format',
  'contract:check',
  'gen:check',
  'gen:packages',
  'package:check',
  'files',
  'bench:check',
  'simulate:check',
];

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];

const tests = runTests();
total.passed += tests.passed;
total.failed += tests.failed;
total.skipped += tests.skipped;
for (const check of checks) {
  if (npm(check, [])) total.passed += 1;
  else {
    total.failed += 1;
    failures.push(`npm run ${check}`);
  }
}

console.log(failures.length === 0 ? '\nNothing failed.' : `\nFailed: ${failures.join(', ')}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Runs the tests by the README's command and counts them from the JSON report that vitest leaves. */
function runTests(): Counts {
  mkdirSync(`${root}.cache`, { recursive: true });
  rmSync(testReport, { force: true });
  const passed = npm('test', ['--reporter=default', '--reporter=json', `--outputFile.json=${testReport}`]);
  const counts = readCounts();
  if (!passed) failures.push('npm test');
  // A run that fails without a failed test (a hook, an unhandled error, the arrows check) must not count as none.
  if (!passed && counts.failed === 0) counts.failed = 1;
  // No test at all is a failure, whatever the exit code says.
  if (passed && counts.passed === 0) {
    counts.failed = 1;
    failures.push('npm test (it ran no test)');
  }
  return counts;
}

function readCounts(): Counts {
  let text: string;
  try {
    text = readFileSync(testReport, 'utf8');
  } catch {
    // The tests ended before vitest could report; the caller turns that into a failure.
    return { passed: 0, failed: 0, skipped: 0 };
  }
  const report = JSON.parse(text) as Record<string, number | undefined>;
  return {
    passed: report.numPassedTests ?? 0,
    failed: report.numFailedTests ?? 0,
    skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
  };
}

/** Runs an npm script with its output passed through; true when it ended with 0. */
function npm(script: string, args: readonly string[]): boolean {
  console.log(`\n=== npm run ${script}`);
  const started = process.hrtime.bigint();
  const { status, error } = spawnSync('npm', ['run', '--silent', script, '--', ...args], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error !== undefined) console.error(error.message);
  const seconds = Number((process.hrtime.bigint() - started) / 1_000_000_000n);
  console.log(`=== npm run ${script}: ${status === 0 ? 'passed' : 'FAILED'} after ${seconds} s`);
  return status === 0;
}
