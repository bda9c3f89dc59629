import { DescriptorProblem } from './file-order.ts';
import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { CallTarget } from './call-target.ts';
import { grpcExchange } from './grpc-exchange.ts';
import { type GrpcMethodOperation, methodNameOf } from './grpc-operation.ts';
import type { GrpcSettings } from './grpc-settings.ts';
import { grpcVerdictOf } from './grpc-verdict.ts';
import type { NamedTypes } from './named-types.ts';
import { rawReply } from './raw-reply.ts';
import {
  type ReflectedTypes,
  ReflectedTypesCache,
  type ReflectionSource,
  type ReflectionWait,
} from './reflected-types.ts';
import { type UnaryMethod, unaryMethodOf } from './service-types.ts';
import { sessionKey } from './session-target.ts';
import type { GrpcSessions } from './sessions.ts';
import { UnsentFault } from '../unsent-fault.ts';
import { reflectedBytesMax } from '../limits.ts';

/** Largest answer of a reflection, bytes: all files at once, and some room around them. */
const answerBytesMax = reflectedBytesMax + 64 * 1024;

/** Whose method is meant. */
export interface MethodQuestion {
  readonly target: CallTarget;
  readonly settings: GrpcSettings;
  readonly operation: GrpcMethodOperation;
}

/** A method as it is known now. */
export interface KnownMethod extends UnaryMethod {
  /**
   * The method as a newer answer of the target's reflection has it: for when a message does not fit. Undefined when
   * there is none. Never rejects.
   */
  newer(wait: ReflectionWait): Promise<UnaryMethod | undefined>;
}

/** Finds the types of methods: in the descriptor set that the interface names, else by the target's reflection. */
export class MethodTypes {
  readonly #clock: Clock;
  readonly #sessions: GrpcSessions;
  readonly #named: NamedTypes;
  readonly #reflected: ReflectedTypesCache;

  constructor({
    clock,
    sessions,
    named,
  }: {
    readonly clock: Clock;
    readonly sessions: GrpcSessions;
    readonly named: NamedTypes;
  }) {
    this.#clock = clock;
    this.#sessions = sessions;
    this.#named = named;
    this.#reflected = new ReflectedTypesCache(clock);
  }

  /** Rejects with {@link UnsentFault}, whose text names the service. */
  async find(question: MethodQuestion, wait: ReflectionWait): Promise<KnownMethod> {
    const name = methodNameOf(question.operation);
    const set = question.settings.descriptor_set;
    if (set !== undefined) {
      try {
        const method = unaryMethodOf(this.#named.get(set), name);
        return { ...method, newer: () => Promise.resolve(undefined) };
      } catch (thrown) {
        throw faultOf(thrown, (text) => `the method ${question.operation.method} cannot be called: ${text}`);
      }
    }
    try {
      const source = this.#sourceOf(question);
      let answer = await this.#reflected.get(source, wait);
      let method = methodIn(answer, question);
      if (method instanceof DescriptorProblem) {
        const newer = await this.#reflected.newer(source, answer, wait);
        if (newer === undefined) throw method;
        answer = newer;
        method = methodIn(answer, question);
        if (method instanceof DescriptorProblem) throw method;
      }
      return { ...method, newer: (newWait) => this.#newer(source, answer, question, newWait) };
    } catch (thrown) {
      throw faultOf(
        thrown,
        (text) =>
          `the target's reflection does not tell how to call ${question.operation.method}: ${text}; mend it, or name a descriptor_set`,
      );
    }
  }

  /** Forgets what the targets at an origin said. */
  forget(origin: string): void {
    this.#reflected.forget(`${origin} `);
  }

  close(): void {
    this.#reflected.close();
  }

  async #newer(
    source: ReflectionSource,
    than: ReflectedTypes,
    question: MethodQuestion,
    wait: ReflectionWait,
  ): Promise<UnaryMethod | undefined> {
    try {
      const answer = await this.#reflected.newer(source, than, wait);
      const method = answer === undefined ? undefined : methodIn(answer, question);
      return method instanceof DescriptorProblem ? undefined : method;
    } catch {
      // The caller has a finding of its own, which says more than that there is nothing newer.
      return undefined;
    }
  }

  #sourceOf({ target, settings, operation }: MethodQuestion): ReflectionSource {
    const { session, headers } = target;
    const symbols = [methodNameOf(operation).service, ...(operation.any_types ?? [])];
    // What a target says may depend on who asks: the references to secrets stand for the secrets.
    const asker = JSON.stringify([settings.authority, settings.metadata, symbols]);
    return {
      key: `${sessionKey(session)} ${createHash('sha256').update(asker).digest('base64url')}`,
      symbols,
      sessionNumber: () => this.#sessions.numberOf(session),
      sessionIsOpen: () => this.#sessions.isOpen(session),
      call:
        ({ deadlineMs, signal }) =>
        async (path, message) =>
          grpcVerdictOf(
            await grpcExchange(
              this.#sessions,
              session,
              { path, headers, message },
              { clock: this.#clock, deadlineMs, signal, messageBytesMax: answerBytesMax },
            ),
            { shown: session.address.shown, messageBytesMax: answerBytesMax, decode: rawReply },
          ),
    };
  }
}

function methodIn({ types }: ReflectedTypes, { operation }: MethodQuestion): UnaryMethod | DescriptorProblem {
  if (types instanceof UnsentFault) return new DescriptorProblem(types.message);
  try {
    return unaryMethodOf(types, methodNameOf(operation));
  } catch (thrown) {
    if (thrown instanceof DescriptorProblem) return thrown;
    throw thrown;
  }
}

function faultOf(thrown: unknown, text: (cause: string) => string): unknown {
  if (thrown instanceof DescriptorProblem) return new UnsentFault('misconfigured', text(thrown.message));
  return thrown instanceof UnsentFault ? new UnsentFault(thrown.reason, text(thrown.message)) : thrown;
}
