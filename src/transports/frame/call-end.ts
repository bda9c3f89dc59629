import type { Answer } from './frame.ts';

/** How a call ended whose frame was given to the socket. */
export type CallEnd =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** One way, and written. */
  | { readonly kind: 'handed_over' }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'cancelled' }
  | {
      readonly kind: 'broken';
      readonly reason: 'reset' | 'timeout' | 'garbage' | 'reply_too_large';
      readonly cause: string;
    };
