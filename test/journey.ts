import { expect } from 'vitest';

/**
 * What every client does, whatever its language and wire: registers a system, sends it a message, asks for a system that
 * nobody has, registers one that is wrong in several ways, watches health, registers another system, and resumes the
 * watch. Programs in other languages print this as one line of JSON.
 */
export interface Journey {
  readonly registered: { readonly id: string; readonly registrationId: string };
  readonly sent: {
    /** The reply's status and its payload as parsed JSON. */
    readonly status: string;
    readonly payload: unknown;
    /** Name of the delivery's state, and of each attempt's verdict. */
    readonly state: string;
    readonly attempts: readonly {
      readonly systemId: string;
      readonly interface: string;
      readonly verdict: string;
    }[];
  };
  readonly notFound: Refusal;
  readonly invalid: Refusal;
  readonly watch: {
    /** Ids in the snapshot, up to its last part. */
    readonly snapshotIds: readonly string[];
    /** Resume token of the first bookmark. */
    readonly token: string;
    /** Kinds of the events after resuming, up to the update that holds the late system. */
    readonly resumedKinds: readonly string[];
    readonly resumedIds: readonly string[];
  };
}

/** An error as a client reads it: code and text from the status, the rest from its details. */
export interface Refusal {
  /** gRPC name of the code: `NOT_FOUND`. */
  readonly code: string;
  readonly message: string;
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Fields of the BadRequest detail. */
  readonly fields: readonly string[];
}

/** The ids that a journey uses. Each client takes a prefix of its own, so that one hub serves them all. */
export function journeyIds(prefix: string): { first: string; late: string; nobody: string } {
  return { first: `${prefix}.first`, late: `${prefix}.late`, nobody: `${prefix}.nobody` };
}

/** The payload that every journey sends; not ASCII, so that an encoding gone wrong shows. */
export const journeyPayload = { text: 'grüße: 100 %', numbers: [1, 2.5] };

/** Fails unless the journey went as contract.md says it goes. */
export function expectJourney(journey: Journey, prefix: string): void {
  const ids = journeyIds(prefix);
  expect(journey.registered.id).toBe(ids.first);
  expect(journey.registered.registrationId).not.toBe('');

  expect(journey.sent).toEqual({
    status: expect.stringMatching(/^(200|OK)$/) as string,
    payload: { echo: journeyPayload },
    state: 'DELIVERY_STATE_DELIVERED',
    attempts: [{ systemId: ids.first, interface: 'main', verdict: 'VERDICT_OK' }],
  });

  expect(journey.notFound).toMatchObject({
    code: 'NOT_FOUND',
    reason: 'SYSTEM_NOT_FOUND',
    domain: 'switchyard.dev',
  });
  expect(journey.notFound.message).toContain(ids.nobody);
  expect(Object.values(journey.notFound.metadata)).toContain(ids.nobody);

  expect(journey.invalid).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_FIELD',
    domain: 'switchyard.dev',
  });
  // Every violation at once.
  expect(journey.invalid.fields).toEqual(
    expect.arrayContaining(['system.id', 'system.type', 'system.interfaces']),
  );

  expect(journey.watch.snapshotIds).toEqual([ids.first]);
  expect(journey.watch.token).not.toBe('');
  // Resuming tells what changed since, and nothing from the start again.
  expect(journey.watch.resumedKinds).not.toContain('snapshot');
  expect(journey.watch.resumedKinds).not.toContain('reset');
  expect(journey.watch.resumedIds).toContain(ids.late);
}
