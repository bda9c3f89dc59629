import { beforeAll, expect } from 'vitest';
import { describeLanguage } from './interop.ts';
import { runProgram } from './program.ts';
import { describeWith } from './require.ts';
import { root } from './root.ts';

describeWith(['go'], 'grpc-go', () => {
  const command = `${root}.cache/bin/interop-go`;
  beforeAll(async () => {
    // Go's own cache makes this a second, unless it is the first build of grpc-go on this machine.
    const args = ['-C', 'test/clients/go', 'build', '-o', command, '.'];
    const built = await runProgram('go', args, { timeoutMs: 280_000 });
    expect(built.code, built.stderr).toBe(0);
  }, 300_000);

  describeLanguage('go', {
    journey: { command, args: ['journey'] },
    receiver: { command, args: ['receiver'] },
  });
});
