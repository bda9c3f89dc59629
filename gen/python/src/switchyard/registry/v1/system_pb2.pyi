import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.type.v1 import health_status_pb2 as _health_status_pb2
from switchyard.type.v1 import protocol_pb2 as _protocol_pb2
from switchyard.type.v1 import repeat_safety_pb2 as _repeat_safety_pb2
from switchyard.type.v1 import target_pb2 as _target_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class System(_message.Message):
    __slots__ = ("id", "type", "name", "version", "capabilities", "dependencies", "interfaces", "configuration", "labels", "weight", "zone", "etag", "create_time", "update_time", "lease", "owner")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    INTERFACES_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    name: str
    version: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    dependencies: _containers.RepeatedCompositeFieldContainer[Dependency]
    interfaces: _containers.RepeatedCompositeFieldContainer[Interface]
    configuration: _struct_pb2.Struct
    labels: _containers.ScalarMap[str, str]
    weight: int
    zone: str
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    lease: Lease
    owner: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ..., dependencies: _Optional[_Iterable[_Union[Dependency, _Mapping]]] = ..., interfaces: _Optional[_Iterable[_Union[Interface, _Mapping]]] = ..., configuration: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., weight: _Optional[int] = ..., zone: _Optional[str] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lease: _Optional[_Union[Lease, _Mapping]] = ..., owner: _Optional[str] = ...) -> None: ...

class Dependency(_message.Message):
    __slots__ = ("target", "optional")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    OPTIONAL_FIELD_NUMBER: _ClassVar[int]
    target: _target_pb2.Target
    optional: bool
    def __init__(self, target: _Optional[_Union[_target_pb2.Target, _Mapping]] = ..., optional: _Optional[bool] = ...) -> None: ...

class Interface(_message.Message):
    __slots__ = ("name", "protocol", "uri", "settings", "health_check", "routes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    HEALTH_CHECK_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    name: str
    protocol: _protocol_pb2.Protocol
    uri: str
    settings: _struct_pb2.Struct
    health_check: HealthCheck
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    def __init__(self, name: _Optional[str] = ..., protocol: _Optional[_Union[_protocol_pb2.Protocol, str]] = ..., uri: _Optional[str] = ..., settings: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., health_check: _Optional[_Union[HealthCheck, _Mapping]] = ..., routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ("message_type", "operation", "repeat_safety")
    MESSAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    REPEAT_SAFETY_FIELD_NUMBER: _ClassVar[int]
    message_type: str
    operation: _struct_pb2.Struct
    repeat_safety: _repeat_safety_pb2.RepeatSafety
    def __init__(self, message_type: _Optional[str] = ..., operation: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., repeat_safety: _Optional[_Union[_repeat_safety_pb2.RepeatSafety, str]] = ...) -> None: ...

class HealthCheck(_message.Message):
    __slots__ = ("kind", "path", "service", "interval", "timeout")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[HealthCheck.Kind]
        KIND_HTTP: _ClassVar[HealthCheck.Kind]
        KIND_GRPC: _ClassVar[HealthCheck.Kind]
        KIND_TCP: _ClassVar[HealthCheck.Kind]
        KIND_NONE: _ClassVar[HealthCheck.Kind]
    KIND_UNSPECIFIED: HealthCheck.Kind
    KIND_HTTP: HealthCheck.Kind
    KIND_GRPC: HealthCheck.Kind
    KIND_TCP: HealthCheck.Kind
    KIND_NONE: HealthCheck.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    kind: HealthCheck.Kind
    path: str
    service: str
    interval: _duration_pb2.Duration
    timeout: _duration_pb2.Duration
    def __init__(self, kind: _Optional[_Union[HealthCheck.Kind, str]] = ..., path: _Optional[str] = ..., service: _Optional[str] = ..., interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("ttl", "expire_time", "expired")
    TTL_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    ttl: _duration_pb2.Duration
    expire_time: _timestamp_pb2.Timestamp
    expired: bool
    def __init__(self, ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expired: _Optional[bool] = ...) -> None: ...

class SystemFilter(_message.Message):
    __slots__ = ("types", "capabilities", "protocols", "statuses", "labels", "zone", "id_prefix", "text", "owner")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TYPES_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    PROTOCOLS_FIELD_NUMBER: _ClassVar[int]
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    ID_PREFIX_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    types: _containers.RepeatedScalarFieldContainer[str]
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    protocols: _containers.RepeatedScalarFieldContainer[_protocol_pb2.Protocol]
    statuses: _containers.RepeatedScalarFieldContainer[_health_status_pb2.HealthStatus]
    labels: _containers.ScalarMap[str, str]
    zone: str
    id_prefix: str
    text: str
    owner: str
    def __init__(self, types: _Optional[_Iterable[str]] = ..., capabilities: _Optional[_Iterable[str]] = ..., protocols: _Optional[_Iterable[_Union[_protocol_pb2.Protocol, str]]] = ..., statuses: _Optional[_Iterable[_Union[_health_status_pb2.HealthStatus, str]]] = ..., labels: _Optional[_Mapping[str, str]] = ..., zone: _Optional[str] = ..., id_prefix: _Optional[str] = ..., text: _Optional[str] = ..., owner: _Optional[str] = ...) -> None: ...
