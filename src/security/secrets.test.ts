import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SecretUnavailable } from '../base/secrets.ts';
import { createSecrets } from './secrets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchyard-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const environment = { PETS_TOKEN: 'woof', EMPTY: '', HOME: '/root' };
const secrets = (options: { folder?: string } = {}) =>
  createSecrets({ environment, allowedVariables: ['PETS_*', 'EMPTY', 'GONE'], folder: options.folder });

describe('a secret of the environment', () => {
  test('is read when the configuration allows its name', async () => {
    expect(await secrets().read('env:PETS_TOKEN')).toBe('woof');
  });

  test('of a name that is not allowed is refused, with what is allowed', async () => {
    expect(secrets().objection('env:HOME')).toContain('secrets.env, which allows PETS_*, EMPTY, GONE');
    await expect(secrets().read('env:HOME')).rejects.toThrow(SecretUnavailable);
  });

  test.each(['env:EMPTY', 'env:GONE'])('%s that is not set cannot be read', async (ref) => {
    expect(secrets().objection(ref)).toBeUndefined();
    await expect(secrets().read(ref)).rejects.toThrow(/the variable \w+ is not set/);
  });
});

describe('a secret in a file', () => {
  test('is read without its last line break, and again when the file changes', async () => {
    const store = secrets({ folder });
    writeFileSync(join(folder, 'token'), 'one\n');
    expect(await store.read('file:token')).toBe('one');
    writeFileSync(join(folder, 'token'), 'second');
    expect(await store.read('file:token')).toBe('second');
  });

  test('needs the folder', () => {
    expect(secrets().objection('file:token')).toContain('secrets.folder');
  });

  test.each([
    ['file:missing', /cannot be read: ENOENT/],
    ['file:empty', /is empty/],
    ['file:large', /at most 65536/],
    ['file:pipe', /is no file/],
  ])('%s is a clear error', async (ref, message) => {
    writeFileSync(join(folder, 'empty'), '\n');
    writeFileSync(join(folder, 'large'), Buffer.alloc(65_537, 'a'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const read = secrets({ folder }).read(ref);
    await expect(read).rejects.toThrow(message);
    await expect(read).rejects.toThrow(SecretUnavailable);
  });
});

test.each(['file:../etc/passwd', 'file:a/b', 'file:.hidden', 'vault:x', 'PETS_TOKEN', 'env:', ''])(
  '%j is no reference',
  (ref) => {
    expect(secrets({ folder }).objection(ref)).toContain('allowed are env:NAME and file:NAME');
  },
);
