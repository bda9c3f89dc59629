/**
 * The system that the overload benchmark calls, as a process of its own: HTTP with a known capacity. A few workers, a
 * queue without a bound in front, work that becomes slower the more of it waits, and nobody looks whether the caller is
 * still there: as most servers are. The work is a timer, so that the machine's cores are not what is measured.
 *
 *   --workers N       requests that it works on at once
 *   --service-ms N    mean time for one; times are uniform between half and one and a half of it
 *   --slowdown N      share by which each request that waits slows down all work
 *
 * Prints its URI as a line of JSON. `POST /reset` forgets the queue, for the next round.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '4' },
    'service-ms': { type: 'string', default: '80' },
    slowdown: { type: 'string', default: '0.01' },
  },
});
const workers = Number(values.workers);
const serviceMs = Number(values['service-ms']);
const slowdown = Number(values.slowdown);

const reply = Buffer.from(JSON.stringify({ ok: true }));
let queue: ServerResponse[] = [];
let busy = 0;

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    if (request.method === 'GET') answer(response);
    else if (request.url === '/reset') {
      for (const waiting of queue) waiting.destroy();
      queue = [];
      answer(response);
    } else {
      queue.push(response);
      work();
    }
  });
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(JSON.stringify({ uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
// The parent closes standard input when it is done, or dies.
process.stdin.resume().once('end', () => process.exit(0));

function work(): void {
  while (busy < workers) {
    const response = queue.shift();
    if (response === undefined) return;
    busy += 1;
    const timeMs = serviceMs * (0.5 + Math.random()) * (1 + slowdown * queue.length);
    setTimeout(() => {
      busy -= 1;
      answer(response);
      work();
    }, timeMs);
  }
}

function answer(response: ServerResponse): void {
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': reply.length });
  response.end(reply);
}
