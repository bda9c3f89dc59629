/** The descriptions of foreign gRPC services that catalogs brought, by name. */
export interface DescriptorSets {
  /**
   * The serialized `google.protobuf.FileDescriptorSet` of this name; undefined when there is none. The same object as
   * long as the set is not replaced: whoever keeps something made from it compares by identity.
   */
  get(name: string): Uint8Array | undefined;
}
