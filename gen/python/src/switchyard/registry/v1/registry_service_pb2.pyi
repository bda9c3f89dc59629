import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from switchyard.registry.v1 import catalog_pb2 as _catalog_pb2
from switchyard.registry.v1 import system_pb2 as _system_pb2
from switchyard.type.v1 import protocol_pb2 as _protocol_pb2
from switchyard.type.v1 import target_pb2 as _target_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIRECTION_UNSPECIFIED: _ClassVar[Direction]
    DIRECTION_DEPENDENCIES: _ClassVar[Direction]
    DIRECTION_DEPENDENTS: _ClassVar[Direction]
DIRECTION_UNSPECIFIED: Direction
DIRECTION_DEPENDENCIES: Direction
DIRECTION_DEPENDENTS: Direction

class RegisterSystemRequest(_message.Message):
    __slots__ = ("system", "if_absent", "lease_ttl", "validate_only")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    IF_ABSENT_FIELD_NUMBER: _ClassVar[int]
    LEASE_TTL_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    system: _system_pb2.System
    if_absent: bool
    lease_ttl: _duration_pb2.Duration
    validate_only: bool
    def __init__(self, system: _Optional[_Union[_system_pb2.System, _Mapping]] = ..., if_absent: _Optional[bool] = ..., lease_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class RegisterSystemResponse(_message.Message):
    __slots__ = ("system", "registration_id")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_ID_FIELD_NUMBER: _ClassVar[int]
    system: _system_pb2.System
    registration_id: str
    def __init__(self, system: _Optional[_Union[_system_pb2.System, _Mapping]] = ..., registration_id: _Optional[str] = ...) -> None: ...

class UpdateSystemRequest(_message.Message):
    __slots__ = ("system", "update_mask", "validate_only")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    system: _system_pb2.System
    update_mask: _field_mask_pb2.FieldMask
    validate_only: bool
    def __init__(self, system: _Optional[_Union[_system_pb2.System, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class UpdateSystemResponse(_message.Message):
    __slots__ = ("system",)
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    system: _system_pb2.System
    def __init__(self, system: _Optional[_Union[_system_pb2.System, _Mapping]] = ...) -> None: ...

class DeregisterSystemRequest(_message.Message):
    __slots__ = ("system_id", "etag", "registration_id", "validate_only")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    etag: str
    registration_id: str
    validate_only: bool
    def __init__(self, system_id: _Optional[str] = ..., etag: _Optional[str] = ..., registration_id: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class DeregisterSystemResponse(_message.Message):
    __slots__ = ("system",)
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    system: _system_pb2.System
    def __init__(self, system: _Optional[_Union[_system_pb2.System, _Mapping]] = ...) -> None: ...

class GetSystemRequest(_message.Message):
    __slots__ = ("system_id",)
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    def __init__(self, system_id: _Optional[str] = ...) -> None: ...

class GetSystemResponse(_message.Message):
    __slots__ = ("system",)
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    system: _system_pb2.System
    def __init__(self, system: _Optional[_Union[_system_pb2.System, _Mapping]] = ...) -> None: ...

class ListSystemsRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: _system_pb2.SystemFilter
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[_system_pb2.SystemFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSystemsResponse(_message.Message):
    __slots__ = ("systems", "next_page_token")
    SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    systems: _containers.RepeatedCompositeFieldContainer[_system_pb2.System]
    next_page_token: str
    def __init__(self, systems: _Optional[_Iterable[_Union[_system_pb2.System, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchSystemsRequest(_message.Message):
    __slots__ = ("filter", "resume_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: _system_pb2.SystemFilter
    resume_token: str
    def __init__(self, filter: _Optional[_Union[_system_pb2.SystemFilter, _Mapping]] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchSystemsResponse(_message.Message):
    __slots__ = ("snapshot", "update", "removed", "bookmark", "reset")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    snapshot: SystemSnapshot
    update: SystemUpdate
    removed: SystemRemoved
    bookmark: SystemBookmark
    reset: SystemReset
    def __init__(self, snapshot: _Optional[_Union[SystemSnapshot, _Mapping]] = ..., update: _Optional[_Union[SystemUpdate, _Mapping]] = ..., removed: _Optional[_Union[SystemRemoved, _Mapping]] = ..., bookmark: _Optional[_Union[SystemBookmark, _Mapping]] = ..., reset: _Optional[_Union[SystemReset, _Mapping]] = ...) -> None: ...

class SystemSnapshot(_message.Message):
    __slots__ = ("items", "last")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_system_pb2.System]
    last: bool
    def __init__(self, items: _Optional[_Iterable[_Union[_system_pb2.System, _Mapping]]] = ..., last: _Optional[bool] = ...) -> None: ...

class SystemUpdate(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_system_pb2.System]
    def __init__(self, items: _Optional[_Iterable[_Union[_system_pb2.System, _Mapping]]] = ...) -> None: ...

class SystemRemoved(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class SystemBookmark(_message.Message):
    __slots__ = ("resume_token",)
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resume_token: str
    def __init__(self, resume_token: _Optional[str] = ...) -> None: ...

class SystemReset(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RenewLeasesRequest(_message.Message):
    __slots__ = ("renewals",)
    RENEWALS_FIELD_NUMBER: _ClassVar[int]
    renewals: _containers.RepeatedCompositeFieldContainer[LeaseRenewal]
    def __init__(self, renewals: _Optional[_Iterable[_Union[LeaseRenewal, _Mapping]]] = ...) -> None: ...

class LeaseRenewal(_message.Message):
    __slots__ = ("system_id", "registration_id")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_ID_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    registration_id: str
    def __init__(self, system_id: _Optional[str] = ..., registration_id: _Optional[str] = ...) -> None: ...

class RenewLeasesResponse(_message.Message):
    __slots__ = ("renewed", "lost")
    RENEWED_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    renewed: _containers.RepeatedCompositeFieldContainer[RenewedLease]
    lost: _containers.RepeatedCompositeFieldContainer[LostLease]
    def __init__(self, renewed: _Optional[_Iterable[_Union[RenewedLease, _Mapping]]] = ..., lost: _Optional[_Iterable[_Union[LostLease, _Mapping]]] = ...) -> None: ...

class RenewedLease(_message.Message):
    __slots__ = ("system_id", "lease")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    lease: _system_pb2.Lease
    def __init__(self, system_id: _Optional[str] = ..., lease: _Optional[_Union[_system_pb2.Lease, _Mapping]] = ...) -> None: ...

class LostLease(_message.Message):
    __slots__ = ("system_id", "reason", "message")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    reason: str
    message: str
    def __init__(self, system_id: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class GetDependenciesRequest(_message.Message):
    __slots__ = ("system_id", "direction", "transitive")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    TRANSITIVE_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    direction: Direction
    transitive: bool
    def __init__(self, system_id: _Optional[str] = ..., direction: _Optional[_Union[Direction, str]] = ..., transitive: _Optional[bool] = ...) -> None: ...

class GetDependenciesResponse(_message.Message):
    __slots__ = ("systems", "edges", "missing", "cycles")
    SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    CYCLES_FIELD_NUMBER: _ClassVar[int]
    systems: _containers.RepeatedCompositeFieldContainer[_system_pb2.System]
    edges: _containers.RepeatedCompositeFieldContainer[DependencyEdge]
    missing: _containers.RepeatedCompositeFieldContainer[MissingDependency]
    cycles: _containers.RepeatedCompositeFieldContainer[DependencyCycle]
    def __init__(self, systems: _Optional[_Iterable[_Union[_system_pb2.System, _Mapping]]] = ..., edges: _Optional[_Iterable[_Union[DependencyEdge, _Mapping]]] = ..., missing: _Optional[_Iterable[_Union[MissingDependency, _Mapping]]] = ..., cycles: _Optional[_Iterable[_Union[DependencyCycle, _Mapping]]] = ...) -> None: ...

class DependencyEdge(_message.Message):
    __slots__ = ("from_system_id", "to_system_id", "target", "optional")
    FROM_SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    TO_SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    OPTIONAL_FIELD_NUMBER: _ClassVar[int]
    from_system_id: str
    to_system_id: str
    target: _target_pb2.Target
    optional: bool
    def __init__(self, from_system_id: _Optional[str] = ..., to_system_id: _Optional[str] = ..., target: _Optional[_Union[_target_pb2.Target, _Mapping]] = ..., optional: _Optional[bool] = ...) -> None: ...

class MissingDependency(_message.Message):
    __slots__ = ("system_id", "target", "optional")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    OPTIONAL_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    target: _target_pb2.Target
    optional: bool
    def __init__(self, system_id: _Optional[str] = ..., target: _Optional[_Union[_target_pb2.Target, _Mapping]] = ..., optional: _Optional[bool] = ...) -> None: ...

class DependencyCycle(_message.Message):
    __slots__ = ("system_ids",)
    SYSTEM_IDS_FIELD_NUMBER: _ClassVar[int]
    system_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, system_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetImpactRequest(_message.Message):
    __slots__ = ("target",)
    TARGET_FIELD_NUMBER: _ClassVar[int]
    target: _target_pb2.Target
    def __init__(self, target: _Optional[_Union[_target_pb2.Target, _Mapping]] = ...) -> None: ...

class GetImpactResponse(_message.Message):
    __slots__ = ("gone_system_ids", "impacted", "lost_capabilities")
    GONE_SYSTEM_IDS_FIELD_NUMBER: _ClassVar[int]
    IMPACTED_FIELD_NUMBER: _ClassVar[int]
    LOST_CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    gone_system_ids: _containers.RepeatedScalarFieldContainer[str]
    impacted: _containers.RepeatedCompositeFieldContainer[ImpactedSystem]
    lost_capabilities: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, gone_system_ids: _Optional[_Iterable[str]] = ..., impacted: _Optional[_Iterable[_Union[ImpactedSystem, _Mapping]]] = ..., lost_capabilities: _Optional[_Iterable[str]] = ...) -> None: ...

class ImpactedSystem(_message.Message):
    __slots__ = ("system_id", "distance", "target", "because_system_id")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    BECAUSE_SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    distance: int
    target: _target_pb2.Target
    because_system_id: str
    def __init__(self, system_id: _Optional[str] = ..., distance: _Optional[int] = ..., target: _Optional[_Union[_target_pb2.Target, _Mapping]] = ..., because_system_id: _Optional[str] = ...) -> None: ...

class ListCapabilitiesRequest(_message.Message):
    __slots__ = ("prefix", "page_size", "page_token")
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    prefix: str
    page_size: int
    page_token: str
    def __init__(self, prefix: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCapabilitiesResponse(_message.Message):
    __slots__ = ("capabilities", "next_page_token")
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    capabilities: _containers.RepeatedCompositeFieldContainer[Capability]
    next_page_token: str
    def __init__(self, capabilities: _Optional[_Iterable[_Union[Capability, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Capability(_message.Message):
    __slots__ = ("name", "system_ids")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_IDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    system_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., system_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetRegistrySummaryRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetRegistrySummaryResponse(_message.Message):
    __slots__ = ("summary",)
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    summary: RegistrySummary
    def __init__(self, summary: _Optional[_Union[RegistrySummary, _Mapping]] = ...) -> None: ...

class RegistrySummary(_message.Message):
    __slots__ = ("systems", "by_type", "by_capability", "by_protocol", "by_version", "by_status")
    class ByTypeEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class ByCapabilityEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class ByVersionEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class ByStatusEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    BY_TYPE_FIELD_NUMBER: _ClassVar[int]
    BY_CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    BY_PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    BY_VERSION_FIELD_NUMBER: _ClassVar[int]
    BY_STATUS_FIELD_NUMBER: _ClassVar[int]
    systems: int
    by_type: _containers.ScalarMap[str, int]
    by_capability: _containers.ScalarMap[str, int]
    by_protocol: _containers.RepeatedCompositeFieldContainer[ProtocolCount]
    by_version: _containers.ScalarMap[str, int]
    by_status: _containers.ScalarMap[str, int]
    def __init__(self, systems: _Optional[int] = ..., by_type: _Optional[_Mapping[str, int]] = ..., by_capability: _Optional[_Mapping[str, int]] = ..., by_protocol: _Optional[_Iterable[_Union[ProtocolCount, _Mapping]]] = ..., by_version: _Optional[_Mapping[str, int]] = ..., by_status: _Optional[_Mapping[str, int]] = ...) -> None: ...

class ProtocolCount(_message.Message):
    __slots__ = ("protocol", "systems")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    protocol: _protocol_pb2.Protocol
    systems: int
    def __init__(self, protocol: _Optional[_Union[_protocol_pb2.Protocol, str]] = ..., systems: _Optional[int] = ...) -> None: ...

class ApplyCatalogRequest(_message.Message):
    __slots__ = ("catalog", "prune", "validate_only")
    CATALOG_FIELD_NUMBER: _ClassVar[int]
    PRUNE_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    catalog: _catalog_pb2.Catalog
    prune: bool
    validate_only: bool
    def __init__(self, catalog: _Optional[_Union[_catalog_pb2.Catalog, _Mapping]] = ..., prune: _Optional[bool] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class ApplyCatalogResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: _catalog_pb2.CatalogPlan
    def __init__(self, plan: _Optional[_Union[_catalog_pb2.CatalogPlan, _Mapping]] = ...) -> None: ...

class ListCatalogsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCatalogsResponse(_message.Message):
    __slots__ = ("catalogs", "next_page_token")
    CATALOGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    catalogs: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.CatalogSummary]
    next_page_token: str
    def __init__(self, catalogs: _Optional[_Iterable[_Union[_catalog_pb2.CatalogSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListVersionsRequest(_message.Message):
    __slots__ = ("system_id",)
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    def __init__(self, system_id: _Optional[str] = ...) -> None: ...

class ListVersionsResponse(_message.Message):
    __slots__ = ("versions",)
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.SystemVersion]
    def __init__(self, versions: _Optional[_Iterable[_Union[_catalog_pb2.SystemVersion, _Mapping]]] = ...) -> None: ...

class GetCompatibilityRequest(_message.Message):
    __slots__ = ("system_id", "candidate_id")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_ID_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    candidate_id: str
    def __init__(self, system_id: _Optional[str] = ..., candidate_id: _Optional[str] = ...) -> None: ...

class GetCompatibilityResponse(_message.Message):
    __slots__ = ("compatibility",)
    COMPATIBILITY_FIELD_NUMBER: _ClassVar[int]
    compatibility: Compatibility
    def __init__(self, compatibility: _Optional[_Union[Compatibility, _Mapping]] = ...) -> None: ...

class Compatibility(_message.Message):
    __slots__ = ("compatible", "shared_capabilities", "shared_protocols", "shared_message_types", "differences")
    COMPATIBLE_FIELD_NUMBER: _ClassVar[int]
    SHARED_CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    SHARED_PROTOCOLS_FIELD_NUMBER: _ClassVar[int]
    SHARED_MESSAGE_TYPES_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    compatible: bool
    shared_capabilities: _containers.RepeatedScalarFieldContainer[str]
    shared_protocols: _containers.RepeatedScalarFieldContainer[_protocol_pb2.Protocol]
    shared_message_types: _containers.RepeatedScalarFieldContainer[str]
    differences: _containers.RepeatedCompositeFieldContainer[CompatibilityDifference]
    def __init__(self, compatible: _Optional[bool] = ..., shared_capabilities: _Optional[_Iterable[str]] = ..., shared_protocols: _Optional[_Iterable[_Union[_protocol_pb2.Protocol, str]]] = ..., shared_message_types: _Optional[_Iterable[str]] = ..., differences: _Optional[_Iterable[_Union[CompatibilityDifference, _Mapping]]] = ...) -> None: ...

class CompatibilityDifference(_message.Message):
    __slots__ = ("field", "message")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    field: str
    message: str
    def __init__(self, field: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
