import { HubError } from '../base/error.ts';
import { type Delivered, DeliveryRun, type DeliveryPorts, type SendOptions } from './delivery-run.ts';
import type { Message } from '../base/message.ts';
import { routeError, type RouteQuestion } from './route.ts';

/** Hubs that a message may pass; one more is a loop. */
export const hopsMax = 16;

/** Delivers messages: one plan, one run of it. */
export class Dispatcher {
  readonly #options: DeliveryPorts;

  constructor(options: DeliveryPorts) {
    this.#options = options;
  }

  /** Delivers now. Throws the HubError that says why not; its trace is in the delivery log either way. */
  async send(message: Message, options: SendOptions): Promise<Delivered> {
    if (message.hops > hopsMax) throw loopDetected(message);
    const question: RouteQuestion = {
      target: message.target,
      messageType: message.type,
      kind: message.kind,
      source: message.source,
      repeatSafety: options.repeatSafety,
      maxAttempts: message.maxAttempts,
      timeoutMs: options.timeoutMs,
    };
    const plan = this.#options.router.plan(question);
    const run = new DeliveryRun(this.#options, { message, options, question, plan });
    if (plan.failure !== undefined) {
      run.record('FAILED', plan.failure.reason);
      throw routeError(plan.failure, message.target);
    }
    this.#options.budget.callStarted();
    try {
      return await run.deliver();
    } finally {
      this.#options.budget.callEnded();
    }
  }
}

function loopDetected(message: Message): HubError {
  return new HubError({
    reason: 'LOOP_DETECTED',
    message: `The message has passed ${message.hops} hubs, more than the ${hopsMax} allowed: two hubs probably send it to each other.`,
    metadata: { hops: String(message.hops), limit: String(hopsMax), message_id: message.id },
    executed: 'no',
  });
}
