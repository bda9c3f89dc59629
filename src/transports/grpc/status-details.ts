import { fromBinary, type JsonValue, type Registry, toJson } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { type Status, StatusSchema } from '#gen/standard/google/rpc/status_pb.js';
import { knownTypes } from './known-types.ts';

/** The trailer that holds a `google.rpc.Status` in base64. */
export const statusDetailsHeader = 'grpc-status-details-bin';

/** Largest JSON made of a status, bytes. Details that do not fit are left out, last first. */
const statusBytesMax = 64 * 1024;
/** Details of one status that are read. */
const detailsMax = 100;

/**
 * A `google.rpc.Status` of that trailer as JSON, `{code, message, details[]}`, as its own JSON form has it; a detail of
 * an unknown type keeps its bytes: `{"@type", "value": "<base64>"}`. Undefined when the trailer holds none.
 */
export function statusJson(trailer: string | undefined): Uint8Array | undefined {
  const status = trailer === undefined ? undefined : statusOf(trailer);
  if (status === undefined) return undefined;
  const types = knownTypes();
  const details = status.details.slice(0, detailsMax).map((detail) => detailJson(detail, types));
  for (;;) {
    const json = Buffer.from(JSON.stringify({ code: status.code, message: status.message, details }));
    if (json.length <= statusBytesMax) return json;
    if (details.pop() === undefined) return undefined;
  }
}

function statusOf(trailer: string): Status | undefined {
  try {
    return fromBinary(StatusSchema, Buffer.from(trailer, 'base64'));
  } catch {
    // Some servers keep something else there; the status and its text say enough.
    return undefined;
  }
}

function detailJson(detail: Any, types: Registry): JsonValue {
  try {
    return toJson(AnySchema, detail, { registry: types });
  } catch {
    // An unknown type, or bytes that are not of their type: they are passed on as they are.
    return { '@type': detail.typeUrl, value: Buffer.from(detail.value).toString('base64') };
  }
}
