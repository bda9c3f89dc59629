import type { JsonValue } from '@bufbuild/protobuf';
import { stringify } from 'yaml';
import type { RoutePlan } from '#gen/switchyard/messaging/v1/route_plan_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { policyToSettings } from '../catalog/policy-proto.ts';
import type { Words } from './drawing.ts';
import { enumName } from './enum-name.ts';
import { durationText } from './proto-time.ts';

/** Fields that are shown whoever decides them, in this order; of the others those that a policy decides. */
const always = [
  'timeout',
  'attempt_timeout',
  'retry.attempts',
  'retry.initial_delay',
  'retry.factor',
  'retry.max_delay',
  'balance',
];

/** The merged policy as rows of name, value and where that comes from, under the names that policies have; `whole`: every field. */
export function policyRows(plan: RoutePlan, { whole = false } = {}): readonly Words[] {
  const { provenance } = plan;
  const values = fieldsOf(plan);
  const others = [...values.keys(), ...Object.keys(provenance)].filter((name) => whole || name in provenance);
  const names = new Set([...always, ...others]);
  names.delete('repeat_safety');
  return [
    ['repeat_safety', enumName(RepeatSafety, plan.repeatSafety), { text: safetySource(plan), colour: 'dim' }],
    ...[...names].map((name): Words => {
      const decided = byThisCall(name, plan, values);
      const from = provenance[name];
      const source = decided !== undefined ? 'this call' : from === undefined ? 'default' : `from ${from}`;
      return [
        name,
        decided ?? values.get(name) ?? unsaid[name] ?? '-',
        from === undefined && decided === undefined ? { text: source, colour: 'dim' } : source,
      ];
    }),
  ];
}

/** What holds where no policy says. */
const unsaid: Readonly<Record<string, string>> = {
  attempt_timeout: 'from the time and attempts that are left',
};

/** Every field of the merged policy that has a value, in the order of the table of fields. */
function fieldsOf(plan: RoutePlan): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (plan.policy === undefined) return fields;
  const { name: _name, match: _match, repeat_safety: _safety, ...settings } = policyToSettings(plan.policy);
  const collect = (value: JsonValue, path: string): void => {
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      fields.set(path, valueText(value));
    else
      for (const [key, inner] of Object.entries(value)) collect(inner, path === '' ? key : `${path}.${key}`);
  };
  collect(settings, '');
  // Their steps are drawn below, with what they would do.
  if (plan.fallbacks.length > 0) fields.set('fallback', plan.fallbacks.map(({ name }) => name).join(', '));
  return fields;
}

/** What the call itself narrows: its timeout and its attempts. */
function byThisCall(name: string, plan: RoutePlan, values: ReadonlyMap<string, string>): string | undefined {
  if (name === 'retry.attempts') {
    const text = String(plan.attempts);
    return text === values.get(name) ? undefined : text;
  }
  const { timeout, policy } = plan;
  if (name !== 'timeout' || timeout === undefined) return undefined;
  const isPolicys = policy?.timeout?.seconds === timeout.seconds && policy.timeout.nanos === timeout.nanos;
  return isPolicys ? undefined : durationText(timeout);
}

/** Who says what repeating the message does. */
function safetySource({ repeatSafetyFrom, provenance }: RoutePlan): string {
  switch (repeatSafetyFrom) {
    case '':
      return '';
    case 'request':
      return 'this call';
    case 'policy':
      return `from ${provenance['repeat_safety'] ?? 'a policy'}`;
    case 'default':
      return 'default';
    default:
      return `its ${repeatSafetyFrom}`;
  }
}

/** A value on one line, lists and steps in YAML's flow form. */
function valueText(value: JsonValue): string {
  if (typeof value === 'string') return value === '' ? '-' : value;
  if (Array.isArray(value) && value.length === 0) return '-';
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trim();
}
