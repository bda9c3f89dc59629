import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { JsonValue, MessageInitShape } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import type { Duration, Value } from '@bufbuild/protobuf/wkt';
import type {
  FallbackStep as StepProto,
  FallbackStepSchema,
  Policy as PolicyProto,
  PolicySchema,
  StaticReply as ReplyProto,
  StaticReplySchema,
} from '#gen/switchyard/resilience/v1/policy_pb.js';
import { Kind as KindProto } from '#gen/switchyard/type/v1/message_kind_pb.js';
import type { Target as TargetProto, TargetSchema } from '#gen/switchyard/type/v1/target_pb.js';
import { type MessageKind, messageKinds } from '../base/message.ts';
import type { Target } from '../base/target.ts';
import type { FallbackStep, Policy, StaticReply } from '../resilience/policy.ts';
import {
  type PolicyFieldDescription,
  policyFieldPaths,
  policyFields,
  policyPartsFromFields,
  policyValueAt,
  setPolicyValue,
} from '../resilience/policy-fields.ts';
import { matchFrom } from './policy-settings.ts';

/*
 * The contract's Policy has the fields of the table policy-fields.ts under the same paths, without the unit at their
 * end; a test holds the two together. Durations are messages, choices are enums whose numbers are the places in the
 * table's list, from 1; numbers and flags say whether they are set, so that 0 and false are settings.
 */

/** The contract's message of a policy, without what is output only. */
export function policyToContract(policy: Policy): MessageInitShape<typeof PolicySchema> {
  const { match } = policy;
  const init: Record<string, unknown> = { name: policy.name };
  if (Object.values(match).some((entries: readonly string[]) => entries.length > 0)) {
    init['match'] = { ...match, kinds: match.kinds.map((kind) => KindProto[kind]) };
  }
  for (const path of policyFieldPaths) {
    const value = policyValueAt(policy, path);
    if (value !== undefined) setPolicyValue(init, unitless(path), toContract(policyFields[path], value));
  }
  return init;
}

/**
 * The domain's policy. What the contract takes for unset is unset. Nothing is checked: an enum of a newer client becomes
 * its number, a malformed duration no number, a step without an answer one of no kind, for policyViolations to tell.
 */
export function policyFromContract(proto: PolicyProto): Policy {
  return {
    name: proto.name,
    match: matchFrom((list) =>
      list === 'kinds'
        ? (proto.match?.kinds ?? []).map((kind) => messageKinds[kind - 1] ?? (String(kind) as MessageKind))
        : [...(proto.match?.[list] ?? [])],
    ),
    ...policyPartsFromFields((path) =>
      fromContract(policyFields[path], policyValueAt(proto, unitless(path))),
    ),
  };
}

function unitless(path: string): string {
  return path.replace(/Ms$/, '');
}

function toContract(field: PolicyFieldDescription, value: unknown): unknown {
  switch (field.kind) {
    case 'duration':
      return durationInit(value as number);
    case 'choice':
      return field.of.indexOf(value as string) + 1;
    case 'fallback':
      return (value as readonly FallbackStep[]).map(stepToContract);
    default:
      return value;
  }
}

function fromContract(field: PolicyFieldDescription, value: unknown): unknown {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return undefined;
  switch (field.kind) {
    case 'duration':
      return msOf(value as Duration);
    case 'choice': {
      const number = value as number;
      return number === 0 ? undefined : (field.of[number - 1] ?? String(number));
    }
    case 'texts':
      return [...(value as readonly string[])];
    case 'fallback':
      return (value as readonly StepProto[]).map(stepFromContract);
    default:
      return value;
  }
}

/** Rounded to whole microseconds: a fraction of a nanosecond no encoder takes. */
function durationInit(ms: number): { readonly seconds: bigint; readonly nanos: number } {
  const micros = Math.round(ms * 1000);
  const seconds = Math.trunc(micros / 1_000_000);
  return { seconds: BigInt(seconds), nanos: (micros - seconds * 1_000_000) * 1000 };
}

/** Milliseconds; NaN where seconds and nanoseconds do not go together (google/protobuf/duration.proto). */
function msOf({ seconds, nanos }: Duration): number {
  const wellFormed = Math.abs(nanos) < 1e9 && (seconds === 0n || Number(seconds) * nanos >= 0);
  return wellFormed ? Number(seconds) * 1000 + nanos / 1e6 : NaN;
}

function stepToContract(step: FallbackStep): MessageInitShape<typeof FallbackStepSchema> {
  return {
    step: answerToContract(step),
    ...(step.timeoutMs !== undefined && { timeout: durationInit(step.timeoutMs) }),
    ...(step.attempts !== undefined && { attempts: step.attempts }),
  };
}

function answerToContract(
  step: FallbackStep,
): NonNullable<MessageInitShape<typeof FallbackStepSchema>['step']> {
  switch (step.kind) {
    case 'target':
      return { case: 'target', value: targetToContract(step.target) };
    case 'same_type':
      return { case: 'sameType', value: {} };
    case 'static_reply':
      return { case: 'staticReply', value: replyToContract(step.reply) };
    case 'last_good':
      return {
        case: 'lastGood',
        value: step.maxAgeMs === undefined ? {} : { maxAge: durationInit(step.maxAgeMs) },
      };
  }
}

function stepFromContract({ step, timeout, attempts }: StepProto): FallbackStep {
  const bounds = {
    ...(timeout !== undefined && { timeoutMs: msOf(timeout) }),
    ...(attempts !== undefined && { attempts }),
  };
  switch (step.case) {
    case 'target':
      return { ...bounds, kind: 'target', target: targetFromContract(step.value) };
    case 'sameType':
      return { ...bounds, kind: 'same_type' };
    case 'staticReply':
      return { ...bounds, kind: 'static_reply', reply: replyFromContract(step.value) };
    case 'lastGood': {
      const { maxAge } = step.value;
      return { ...bounds, kind: 'last_good', ...(maxAge !== undefined && { maxAgeMs: msOf(maxAge) }) };
    }
    case undefined:
      return { ...bounds, kind: 'none' } as unknown as FallbackStep;
  }
}

function targetToContract(target: Target): MessageInitShape<typeof TargetSchema> {
  switch (target.by) {
    case 'system':
      return { target: { case: 'systemId', value: target.systemId } };
    case 'type':
      return { target: { case: 'type', value: target.type } };
    case 'capability':
      return { target: { case: 'capability', value: target.capability } };
  }
}

/** One that names nothing is a system without an id, which policyViolations refuses. */
function targetFromContract({ target }: TargetProto): Target {
  if (target.case === 'type') return { by: 'type', type: target.value };
  if (target.case === 'capability') return { by: 'capability', capability: target.value };
  return { by: 'system', systemId: target.value ?? '' };
}

const jsonType = 'application/json';
const bytesType = 'application/octet-stream';

function replyFromContract({ status, contentType, payload }: ReplyProto): StaticReply {
  const bytes =
    payload.case === 'json' ? jsonBytes(payload.value) : Buffer.from(payload.value ?? new Uint8Array());
  return {
    status: status || '200',
    contentType: contentType || (payload.case === 'json' ? jsonType : bytesType),
    dataBase64: bytes.toString('base64'),
  };
}

/** Empty for a Value that is no JSON, which the rules of the request refuse. */
function jsonBytes(value: Value): Buffer {
  try {
    return Buffer.from(JSON.stringify(toJson(ValueSchema, value)));
  } catch {
    return Buffer.alloc(0);
  }
}

function replyToContract({
  status,
  contentType,
  dataBase64,
}: StaticReply): MessageInitShape<typeof StaticReplySchema> {
  const bytes = Buffer.from(dataBase64, 'base64');
  const json = contentType === jsonType ? sameValue(bytes.toString()) : undefined;
  return {
    status,
    contentType,
    ...(json !== undefined
      ? { payload: { case: 'json', value: json } }
      : bytes.length > 0 && { payload: { case: 'data', value: new Uint8Array(bytes) } }),
  };
}

/** A Value that comes back from the wire as exactly this text; undefined where none does. */
function sameValue(text: string): Value | undefined {
  try {
    const value = fromJson(ValueSchema, JSON.parse(text) as JsonValue);
    const received = fromBinary(ValueSchema, toBinary(ValueSchema, value));
    return JSON.stringify(toJson(ValueSchema, received)) === text ? value : undefined;
  } catch {
    // No JSON, or nested too deeply: it goes as bytes.
    return undefined;
  }
}
