import type { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import type { ReplyCache } from '../messaging/reply-cache.ts';
import type { ServiceHandlers } from './call.ts';
import { targetFromProto } from './proto-values.ts';

export interface ReplyHandlersOptions {
  readonly replies: Pick<ReplyCache, 'invalidate'>;
}

/** The handlers of ResilienceService that are about replies that are kept. */
export function createReplyHandlers({
  replies,
}: ReplyHandlersOptions): Pick<ServiceHandlers<typeof ResilienceService>, 'invalidateReplies'> {
  return {
    async invalidateReplies({ messageTypes, target, all }) {
      return { forgotten: replies.invalidate({ messageTypes, target: targetFromProto(target), all }) };
    },
  };
}
