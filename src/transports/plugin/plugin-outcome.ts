import { z } from 'zod';
import { messageOf } from '../../base/error.ts';
import type { Reply } from '../../base/message.ts';
import {
  attemptReasons,
  type AttemptReason,
  type AttemptResult,
  type Verdict,
} from '../../base/transport.ts';
import { replyHeaders } from '../headers.ts';
import { replyBytesMax } from '../limits.ts';
import type { GivenUp } from './guarded.ts';

/** Characters of a detail, and of the text of something thrown. */
const detailLengthMax = 500;
const thrownLengthMax = 200;

const replySchema = z.object({
  data: z.union([z.instanceof(Uint8Array), z.string()], 'must be a Uint8Array or a string'),
  contentType: z.string().max(256).optional(),
  headers: z.record(z.string(), z.string()).optional(),
});

const notes = {
  reason: z.enum(attemptReasons, 'is none of the hub’s reasons').optional(),
  status: z.string().max(64).optional(),
  detail: z.string().optional(),
  retryAfterMs: z.number().min(0).max(86_400_000).optional(),
};

/** What a plug-in's `send` must give (plugin.ts, PluginOutcome). */
const outcomeSchema = z.discriminatedUnion('verdict', [
  z.object({ verdict: z.literal('OK'), reply: replySchema, ...notes }),
  z.object({
    verdict: z.enum(['REJECTED', 'NOT_EXECUTED', 'NOT_REACHED', 'MAY_HAVE_ACTED']),
    reply: replySchema.optional(),
    ...notes,
  }),
]);

const reasonOf: Readonly<Record<Verdict, AttemptReason>> = {
  OK: 'ok',
  REJECTED: 'rejected',
  NOT_EXECUTED: 'not_executed',
  NOT_REACHED: 'connect_failed',
  MAY_HAVE_ACTED: 'target_error',
};

/** Who speaks, for details. */
export interface PluginVoice {
  /** Name of the plug-in. */
  readonly name: string;
  /** How the target is called: `redis://host:port`. */
  readonly shown: string;
}

/** The result of an attempt from what a plug-in gave; anything but an outcome is MAY_HAVE_ACTED, `garbage`. */
export function resultOf(outcome: unknown, voice: PluginVoice): AttemptResult {
  const checked = outcomeSchema.safeParse(outcome);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const at = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')} `;
    return unknownOf(voice, 'garbage', `gave no outcome: ${at}${issue?.message ?? ''}`);
  }
  const { verdict, reply, status = '', detail = verdict, retryAfterMs } = checked.data;
  const bytes = reply === undefined ? 0 : Buffer.byteLength(reply.data);
  if (bytes > replyBytesMax)
    return {
      ...unknownOf(
        voice,
        'reply_too_large',
        `gave a reply of ${bytes} bytes, at most ${replyBytesMax} are taken`,
      ),
      status,
    };
  const { reason = reasonOf[verdict] } = checked.data;
  if ((reason === 'ok') !== (verdict === 'OK'))
    return unknownOf(voice, 'garbage', `gave no outcome: the reason ${reason} does not go with ${verdict}`);
  return {
    verdict,
    reason,
    status,
    detail: `${voice.shown}: ${oneLine(detail, detailLengthMax)}`,
    ...(reply === undefined ? {} : { reply: replyOf(reply, status) }),
    ...(retryAfterMs === undefined || verdict === 'OK' ? {} : { retryAfterMs }),
  };
}

/** The result of an attempt whose plug-in threw. */
export function thrownResult(thrown: unknown, voice: PluginVoice): AttemptResult {
  return unknownOf(voice, 'target_error', `threw: ${oneLine(messageOf(thrown), thrownLengthMax)}`);
}

/** The result of an attempt whose plug-in did not end when it was told to. */
export function givenUpResult({ reason, message }: GivenUp, voice: PluginVoice): AttemptResult {
  return unknownOf(voice, reason, `gave no outcome: ${message}`);
}

/** The target may have acted, for all that is known. */
function unknownOf(voice: PluginVoice, reason: AttemptReason, cause: string): AttemptResult {
  return {
    verdict: 'MAY_HAVE_ACTED',
    reason,
    status: '',
    detail: `${voice.shown}: the plug-in ${voice.name} ${cause}`,
  };
}

function replyOf(
  { data, contentType = '', headers = {} }: z.output<typeof replySchema>,
  status: string,
): Reply {
  return {
    status,
    contentType,
    headers: replyHeaders(headers, new Set()),
    data: typeof data === 'string' ? Buffer.from(data) : data,
  };
}

function oneLine(text: string, lengthMax: number): string {
  return (text.split('\n')[0] ?? '').slice(0, lengthMax);
}
