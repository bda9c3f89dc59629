/** Runs one seed after the other for simulate.ts, which sends them; undefined ends it. */
import { parentPort } from 'node:worker_threads';
import { runSimulation } from './simulation.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts is started by simulate.ts');
port.on('message', (seed: number | undefined) => {
  if (seed === undefined) port.close();
  else void runSimulation({ seed }).then((result) => port.postMessage(result));
});
