import { expect, test } from 'vitest';
import { firstMissing, stepsOf } from './transcript.ts';

const fence = '```';

test('files, commands with their output, and reasons not to run are read in order', () => {
  const page = `
${fence}yaml file=pets.yaml
catalog: pets
${fence}

${fence}sh
switchyard apply -f pets.yaml
${fence}

prints

${fence}text
system/pets created
${fence}

${fence}sh norun it stops the machine
reboot
${fence}

${fence}console
$ echo 'a
b'
a
b
$ false
${fence}
`;
  expect(stepsOf(page)).toEqual({
    steps: [
      { kind: 'file', name: 'pets.yaml', text: 'catalog: pets\n', line: 2 },
      {
        kind: 'commands',
        text: 'switchyard apply -f pets.yaml',
        line: 6,
        expected: ['system/pets created'],
        background: false,
        stop: false,
        exit: 0,
      },
      {
        kind: 'commands',
        text: "echo 'a\nb'",
        line: 21,
        expected: ['a', 'b'],
        background: false,
        stop: false,
        exit: 0,
      },
      { kind: 'commands', text: 'false', line: 25, expected: [], background: false, stop: false, exit: 0 },
    ],
    skipped: [{ line: 16, why: 'it stops the machine' }],
  });
});

test.each<[string, string[], string, string | undefined]>([
  ['the same text', ['a', 'b'], 'a\nb\n', undefined],
  ['what comes before the first line', ['b'], 'a\nb\n', undefined],
  ['a line between that is not shown', ['a', 'c'], 'a\nb\nc\n', 'c'],
  ['lines that an ellipsis stands for', ['a', '…', 'c'], 'a\nb\nc\n', undefined],
  ['text that an ellipsis stands for', ['id: …, n: 1'], 'id: 77, n: 1', undefined],
  [
    'another id',
    ['id: 01a1fc6e-eeab-748b-9539-d193d2430ad8'],
    'id: 01a1fd42-6713-73af-a014-3fdab5a2a64a',
    undefined,
  ],
  ['another duration', ['took 0.003992s'], 'took 0.1s', undefined],
  ['a line that is not there', ['a', '…', 'd'], 'a\nb\nc\n', 'd'],
  ['signs of patterns as they are', ['a.b'], 'axb', 'a.b'],
])('an output is compared: %s', (_name, expected, output, missing) => {
  expect(firstMissing(expected, output)).toBe(missing);
});
