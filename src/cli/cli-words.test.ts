import { expect, test } from 'vitest';
import { attemptReasons } from '../base/transport.ts';
import { inCliWords, optionOfField } from './cli-words.ts';
import { attemptReasonTexts } from './cli-reasons.ts';

test.each([
  ['system.type', '--type'],
  ['system.interfaces[1].uri', '--uri'],
  ['system.labels["a.b"]', '--label'],
  ['message.correlation_id', '--correlation-id'],
  ['timeout', '--timeout'],
  ['system.configuration', undefined],
  ['page_token', undefined],
])('%s is %s', (field, option) => expect(optionOfField(field)).toBe(option));

test('fields that a text names have their options beside them', () => {
  expect(inCliWords('Set return_rejections, not a_field.')).toBe(
    'Set return_rejections (--return-rejections), not a_field.',
  );
});

test('every reason of an attempt says what it means and what to do, in whole sentences', () => {
  for (const reason of attemptReasons) {
    const { meaning, remedy } = attemptReasonTexts[reason];
    expect(meaning, reason).toMatch(/^[A-Z].*\.$/);
    expect(remedy, reason).toMatch(/^[A-Z].*\.$/);
  }
});
