import { describeLanguage } from './interop.ts';
import { describeWith } from './require.ts';
import { root } from './root.ts';

describeWith(['python'], 'grpcio', ({ python = '' }) => {
  // The package itself is installed and imported by `npm run gen:packages`; here its sources count.
  const env = { PYTHONPATH: `${root}gen/python/src`, PYTHONDONTWRITEBYTECODE: '1' };
  describeLanguage('python', {
    journey: { command: python, args: ['test/clients/python/journey.py'], env },
    receiver: { command: python, args: ['test/clients/python/receiver.py'], env },
  });
});
