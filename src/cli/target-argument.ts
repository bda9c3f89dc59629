import { create } from '@bufbuild/protobuf';
import { TargetSchema } from '#gen/switchyard/type/v1/target_pb.js';
import type { Target } from '#gen/switchyard/type/v1/target_pb.js';
import { parseTargetText, targetForms } from '../catalog/target-text.ts';
import { UsageError } from './usage-error.ts';

/** The ways to name a target on the command line; exactly one must be used. */
export interface TargetOptions {
  readonly toSystem?: string;
  readonly toType?: string;
  readonly toCapability?: string;
}

/** The target that the positional argument or one of the `--to-…` options names. */
export function targetFromArguments(positional: string | undefined, options: TargetOptions): Target {
  const named = [
    ...(positional === undefined ? [] : [parseTarget(positional)]),
    ...(options.toSystem === undefined ? [] : [targetOf('systemId', options.toSystem)]),
    ...(options.toType === undefined ? [] : [targetOf('type', options.toType)]),
    ...(options.toCapability === undefined ? [] : [targetOf('capability', options.toCapability)]),
  ];
  const [target, second] = named;
  if (target === undefined) throw new UsageError(`name a target: ${targetForms}`);
  if (second !== undefined) throw new UsageError('name one target only');
  return target;
}

/** `system:ID`, `type:TYPE` or `capability:NAME`; a bare word is the id of a system. */
export function parseTarget(text: string): Target {
  const target = parseTargetText(text);
  if (target !== undefined) return create(TargetSchema, { target });
  throw new UsageError(`"${text}" is not a target: write ${targetForms}`);
}

/** The target in the form that {@link parseTarget} reads. */
export function targetText(target: Target | undefined): string {
  if (target?.target.case === undefined) return '-';
  const by = target.target.case === 'systemId' ? 'system' : target.target.case;
  return `${by}:${target.target.value}`;
}

function targetOf(by: 'systemId' | 'type' | 'capability', value: string): Target {
  return create(TargetSchema, { target: { case: by, value } });
}
