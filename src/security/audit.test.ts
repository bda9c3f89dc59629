import { expect, test } from 'vitest';
import { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { auditLinesMax, auditLinesPerAddressMax, createAudit } from './audit.ts';
import type { Caller } from './authenticator.ts';
import { anonymousWith } from './principal.ts';

type Line = Record<string, unknown> & { message: string };

function open() {
  const lines: Line[] = [];
  const write = (message: string, fields: object) => void lines.push({ message, ...fields });
  const clock = createFakeClock();
  return { lines, clock, audit: createAudit({ info: write, warn: write }, clock) };
}

const unknown = (address: string): Caller => ({
  principal: undefined,
  refusal: new HubError({ reason: 'UNAUTHENTICATED', message: 'no' }),
  credential: 'sw_0123456789ab',
  address,
});
const refusal = (caller: Caller) => ({
  caller,
  what: 'S/M',
  reason: 'UNAUTHENTICATED' as const,
  why: 'not valid',
});

test('a refusal says who, from where, what and why', () => {
  const { lines, audit } = open();
  audit.refused(refusal(unknown('192.0.2.1')));
  audit.refused({
    caller: {
      principal: anonymousWith('readonly'),
      refusal: undefined,
      credential: '',
      address: '192.0.2.2',
    },
    what: 'S/M',
    reason: 'PERMISSION_DENIED',
    why: 'needs admin',
  });
  expect(lines).toEqual([
    {
      message: 'access refused',
      principal: 'unknown',
      credential: 'sw_0123456789ab',
      from: '192.0.2.1',
      what: 'S/M',
      reason: 'UNAUTHENTICATED',
      why: 'not valid',
    },
    {
      message: 'access refused',
      principal: 'anonymous',
      role: 'readonly',
      from: '192.0.2.2',
      what: 'S/M',
      reason: 'PERMISSION_DENIED',
      why: 'needs admin',
    },
  ]);
});

test('one address cannot flood the log, and does not hide another', async () => {
  const { lines, clock, audit } = open();
  for (let index = 0; index < 10_000; index += 1) audit.refused(refusal(unknown('192.0.2.1')));
  expect(lines).toHaveLength(auditLinesPerAddressMax);
  audit.refused(refusal(unknown('192.0.2.2')));
  expect(lines.at(-1)).toMatchObject({ from: '192.0.2.2' });
  await clock.advance(60_000);
  expect(lines.at(-1)).toEqual({
    message: 'further refusals were not logged',
    count: 10_000 - auditLinesPerAddressMax,
    within_ms: 60_000,
  });
  audit.refused(refusal(unknown('192.0.2.1')));
  expect(lines.at(-1)).toMatchObject({ from: '192.0.2.1' });
});

test('many addresses cannot flood it either', async () => {
  const { lines, clock, audit } = open();
  for (let index = 0; index < 10_000; index += 1)
    audit.refused(refusal(unknown(`2001:db8::${index.toString(16)}`)));
  expect(lines).toHaveLength(auditLinesMax);
  await clock.advance(60_000);
  expect(lines.at(-1)).toMatchObject({ count: 10_000 - auditLinesMax });
});

test('the count of what was left out is written at the end', () => {
  const { lines, clock, audit } = open();
  for (let index = 0; index < 100; index += 1) audit.connectionRefused('192.0.2.1', 'none was shown');
  audit.close();
  expect(lines.at(-1)).toMatchObject({ count: 100 - auditLinesPerAddressMax });
  expect(clock.pendingTimers).toBe(0);
});

test('changes of access are never left out', () => {
  const { lines, audit } = open();
  for (let index = 0; index < 1000; index += 1) audit.changed('key created', {});
  expect(lines).toHaveLength(1000);
});
