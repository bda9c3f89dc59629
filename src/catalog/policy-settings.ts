import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { formatDuration } from '../base/duration-text.ts';
import { type Target, targetToString } from '../base/target.ts';
import type { FallbackStep, Policy, PolicyMatch, StaticReply } from '../resilience/policy.ts';
import {
  matchLists,
  policyFieldName,
  policyFieldPaths,
  policyFields,
  type PolicyField,
  policyPartsFromFields,
  policyValueAt,
  setPolicyValue,
} from '../resilience/policy-fields.ts';
import type { FallbackStepSettings, PolicySettings } from './policy-file.ts';
import { parseTargetText } from './target-text.ts';

/** The domain's policy of one that a file or the configuration holds. An empty list is as none. */
export function policyFromSettings(settings: PolicySettings): Policy {
  return {
    name: settings.name,
    match: matchFrom((list) => settings.match[policyFieldName(list)] ?? []),
    ...policyPartsFromFields((path) => {
      const value = policyValueAt(settings, policyFieldName(path));
      if (Array.isArray(value) && (value as readonly unknown[]).length === 0) return undefined;
      return policyFields[path].kind === 'fallback'
        ? (value as readonly FallbackStepSettings[] | undefined)?.map(stepFromSettings)
        : value;
    }),
  };
}

/** A policy as a file spells it, without what is unset; ready for YAML. */
export function policyToSettings(policy: Policy): JsonObject {
  const match = Object.fromEntries(
    Object.entries(policy.match)
      .map(([list, entries]): [string, string[]] => [
        policyFieldName(list),
        [...(entries as readonly string[])],
      ])
      .filter(([, entries]) => entries.length > 0),
  );
  const settings: JsonObject = {
    name: policy.name,
    ...(Object.keys(match).length > 0 && { match }),
  };
  for (const path of policyFieldPaths) {
    const value = policyValueAt(policy, path);
    if (value !== undefined) setPolicyValue(settings, policyFieldName(path), settingOf(path, value));
  }
  return settings;
}

/** The value of a field as files spell it. */
export function settingOf(path: PolicyField, value: unknown): JsonValue {
  switch (policyFields[path].kind) {
    case 'duration':
      return formatDuration(value as number);
    case 'fallback':
      return (value as readonly FallbackStep[]).map(stepToSettings);
    default:
      return value as JsonValue;
  }
}

/** A match with what `read` gives for each of its lists. */
export function matchFrom(read: (list: keyof PolicyMatch) => readonly string[]): PolicyMatch {
  return Object.fromEntries(
    (Object.keys(matchLists) as (keyof PolicyMatch)[]).map((list) => [list, read(list)]),
  ) as unknown as PolicyMatch;
}

function stepFromSettings(step: FallbackStepSettings): FallbackStep {
  const bounds = {
    ...(step.timeout !== undefined && { timeoutMs: step.timeout }),
    ...(step.attempts !== undefined && { attempts: step.attempts }),
  };
  if (step.target !== undefined)
    return { ...bounds, kind: 'target', target: targetFromSettings(step.target) };
  if (step.static_reply !== undefined) {
    return { ...bounds, kind: 'static_reply', reply: replyFromSettings(step.static_reply) };
  }
  if (step.last_good !== undefined) {
    const { max_age: maxAgeMs } = step.last_good;
    return { ...bounds, kind: 'last_good', ...(maxAgeMs !== undefined && { maxAgeMs }) };
  }
  return { ...bounds, kind: 'same_type' };
}

function stepToSettings(step: FallbackStep): JsonObject {
  return {
    ...answerToSettings(step),
    ...(step.timeoutMs !== undefined && { timeout: formatDuration(step.timeoutMs) }),
    ...(step.attempts !== undefined && { attempts: step.attempts }),
  };
}

function answerToSettings(step: FallbackStep): JsonObject {
  switch (step.kind) {
    case 'target':
      return { target: targetToString(step.target) };
    case 'same_type':
      return { same_type: {} };
    case 'static_reply':
      return { static_reply: replyToSettings(step.reply) };
    case 'last_good':
      return { last_good: step.maxAgeMs === undefined ? {} : { max_age: formatDuration(step.maxAgeMs) } };
  }
}

function targetFromSettings(target: NonNullable<FallbackStepSettings['target']>): Target {
  if (typeof target !== 'string') {
    if (target.system_id !== undefined) return { by: 'system', systemId: target.system_id };
    if (target.type !== undefined) return { by: 'type', type: target.type };
    return { by: 'capability', capability: target.capability ?? '' };
  }
  const { case: by, value } = parseTargetText(target) ?? { case: 'systemId', value: '' };
  if (by === 'systemId') return { by: 'system', systemId: value };
  return by === 'type' ? { by, type: value } : { by, capability: value };
}

const jsonType = 'application/json';
const textType = 'text/plain; charset=utf-8';
const bytesType = 'application/octet-stream';

function replyFromSettings(reply: NonNullable<FallbackStepSettings['static_reply']>): StaticReply {
  const { status = '200', content_type, json, text, data } = reply;
  const [form, bytes] =
    json !== undefined
      ? [jsonType, Buffer.from(JSON.stringify(json))]
      : text !== undefined
        ? [textType, Buffer.from(text)]
        : [bytesType, Buffer.from(data ?? '', 'base64')];
  return { status, contentType: content_type ?? form, dataBase64: bytes.toString('base64') };
}

/** In the form that reads best and says the same bytes. */
function replyToSettings({ status, contentType, dataBase64 }: StaticReply): JsonObject {
  const bytes = Buffer.from(dataBase64, 'base64');
  const text = bytes.toString();
  const isText = Buffer.from(text).equals(bytes);
  const json = isText && contentType === jsonType ? sameJson(text) : undefined;
  const [form, payload] =
    json !== undefined
      ? [jsonType, { json }]
      : isText && contentType.startsWith('text/')
        ? [textType, { text }]
        : [bytesType, bytes.length === 0 ? {} : { data: dataBase64 }];
  return {
    ...(status !== '200' && { status }),
    ...(contentType !== form && { content_type: contentType }),
    ...payload,
  };
}

/** The JSON that prints as exactly this text; undefined where none does. */
function sameJson(text: string): JsonValue | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    // No JSON, whatever its content type says.
    return undefined;
  }
}
