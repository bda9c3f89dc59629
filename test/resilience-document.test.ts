import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { policyTable } from '../scripts/policy-table.ts';
import { resiliencePictures } from '../scripts/resilience-pictures.ts';
import { attemptScenarios } from './resilience/attempts.ts';
import { breakerScenarios } from './resilience/breakers.ts';
import { limitScenarios } from './resilience/limits.ts';
import { policyScenarios } from './resilience/policies.ts';
import { poolScenarios } from './resilience/pools.ts';
import { replyScenarios } from './resilience/replies.ts';
import type { Scenarios } from './resilience/world.ts';
import { root } from './root.ts';

const document = readFileSync(`${root}docs/resilience.md`, 'utf8');

const scenarios: Scenarios = {
  ...attemptScenarios,
  ...breakerScenarios,
  ...poolScenarios,
  ...limitScenarios,
  ...replyScenarios,
  ...policyScenarios,
};

/** The rows of the table "What happens when …". */
const rows = rowsOf(document.split('\n## What happens when …\n')[1] ?? '');

describe('the table of docs/resilience.md', () => {
  it('has a scenario for every row, a row for every scenario, and each once', () => {
    const whens = rows.map(({ when }) => when);
    expect(whens.toSorted()).toEqual(Object.keys(scenarios).toSorted());
    expect(new Set(whens).size).toBe(whens.length);
    expect(whens.length).toBeGreaterThanOrEqual(25);
  });

  test.each(rows.map(({ when, shown }) => [when, shown]))('when %s', async (when, shown) => {
    const scenario = scenarios[when];
    if (scenario === undefined) throw new Error('no scenario has that name');
    expect(await scenario()).toBe(shown);
  });
});

test.each(Object.entries(resiliencePictures()))('docs/pictures/%s shows the code as it is', (name, svg) => {
  // `node scripts/resilience-document.ts` draws them anew.
  expect(readFileSync(`${root}docs/pictures/${name}`, 'utf8')).toBe(svg);
  expect(document).toContain(`(pictures/${name})`);
});

test('docs/resilience.md has every field of a policy as it is', () => {
  // `node scripts/resilience-document.ts` writes them anew.
  const shown =
    /<!-- policy-fields:begin[^>]*-->\n([^]*?)<!-- policy-fields:end -->/.exec(document)?.[1] ?? '';
  expect(cellsOf(shown)).toEqual(cellsOf(policyTable()));
});

/** The cells of a Markdown table, however wide its columns are drawn. */
function cellsOf(table: string): readonly (readonly string[])[] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim().replace(/^:?-+:?$/, '---')));
}

/** `| when | then | shown |`, until the next heading; what is shown stands in backticks. */
function rowsOf(section: string): readonly { readonly when: string; readonly shown: string }[] {
  const [table = ''] = section.split('\n## ');
  return table
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| --') && !line.startsWith('| when'))
    .map((line) => {
      const [, when = '', , shown = ''] = line.split('|').map((cell) => cell.trim());
      return { when, shown: shown.replace(/^`|`$/g, '') };
    });
}
