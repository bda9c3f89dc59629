import { createRegistry, type DescFile, type Registry } from '@bufbuild/protobuf';
import * as wellKnown from '@bufbuild/protobuf/wkt';
import { file_google_rpc_error_details } from '#gen/standard/google/rpc/error_details_pb.js';

/** The well-known files of google.protobuf by name: some servers and tools leave them out, as everybody has them. */
export function wellKnownFiles(): ReadonlyMap<string, DescFile> {
  return new Map(
    Object.values(wellKnown)
      .filter(
        (value): value is DescFile => typeof value === 'object' && 'kind' in value && value.kind === 'file',
      )
      .map((file) => [file.proto.name, file]),
  );
}

/** Types that a `google.protobuf.Any` may hold whoever sends it: those of google.protobuf and the details of errors. */
export function knownTypes(): Registry {
  return createRegistry(...wellKnownFiles().values(), file_google_rpc_error_details);
}
