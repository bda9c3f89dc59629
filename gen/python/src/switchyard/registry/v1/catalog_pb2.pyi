import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.registry.v1 import system_pb2 as _system_pb2
from switchyard.resilience.v1 import policy_pb2 as _policy_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Catalog(_message.Message):
    __slots__ = ("name", "systems", "policies", "descriptor_sets")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTOR_SETS_FIELD_NUMBER: _ClassVar[int]
    name: str
    systems: _containers.RepeatedCompositeFieldContainer[_system_pb2.System]
    policies: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Policy]
    descriptor_sets: _containers.RepeatedCompositeFieldContainer[DescriptorSet]
    def __init__(self, name: _Optional[str] = ..., systems: _Optional[_Iterable[_Union[_system_pb2.System, _Mapping]]] = ..., policies: _Optional[_Iterable[_Union[_policy_pb2.Policy, _Mapping]]] = ..., descriptor_sets: _Optional[_Iterable[_Union[DescriptorSet, _Mapping]]] = ...) -> None: ...

class DescriptorSet(_message.Message):
    __slots__ = ("name", "data")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    name: str
    data: bytes
    def __init__(self, name: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class CatalogPlan(_message.Message):
    __slots__ = ("catalog", "changes")
    CATALOG_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    catalog: str
    changes: _containers.RepeatedCompositeFieldContainer[CatalogChange]
    def __init__(self, catalog: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[CatalogChange, _Mapping]]] = ...) -> None: ...

class CatalogChange(_message.Message):
    __slots__ = ("action", "resource", "id", "fields", "conflicts")
    class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTION_UNSPECIFIED: _ClassVar[CatalogChange.Action]
        ACTION_CREATE: _ClassVar[CatalogChange.Action]
        ACTION_UPDATE: _ClassVar[CatalogChange.Action]
        ACTION_UNCHANGED: _ClassVar[CatalogChange.Action]
        ACTION_DELETE: _ClassVar[CatalogChange.Action]
    ACTION_UNSPECIFIED: CatalogChange.Action
    ACTION_CREATE: CatalogChange.Action
    ACTION_UPDATE: CatalogChange.Action
    ACTION_UNCHANGED: CatalogChange.Action
    ACTION_DELETE: CatalogChange.Action
    class Resource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RESOURCE_UNSPECIFIED: _ClassVar[CatalogChange.Resource]
        RESOURCE_SYSTEM: _ClassVar[CatalogChange.Resource]
        RESOURCE_POLICY: _ClassVar[CatalogChange.Resource]
        RESOURCE_DESCRIPTOR_SET: _ClassVar[CatalogChange.Resource]
    RESOURCE_UNSPECIFIED: CatalogChange.Resource
    RESOURCE_SYSTEM: CatalogChange.Resource
    RESOURCE_POLICY: CatalogChange.Resource
    RESOURCE_DESCRIPTOR_SET: CatalogChange.Resource
    ACTION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    CONFLICTS_FIELD_NUMBER: _ClassVar[int]
    action: CatalogChange.Action
    resource: CatalogChange.Resource
    id: str
    fields: _containers.RepeatedScalarFieldContainer[str]
    conflicts: _containers.RepeatedCompositeFieldContainer[CatalogConflict]
    def __init__(self, action: _Optional[_Union[CatalogChange.Action, str]] = ..., resource: _Optional[_Union[CatalogChange.Resource, str]] = ..., id: _Optional[str] = ..., fields: _Optional[_Iterable[str]] = ..., conflicts: _Optional[_Iterable[_Union[CatalogConflict, _Mapping]]] = ...) -> None: ...

class CatalogConflict(_message.Message):
    __slots__ = ("field", "owner", "message")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    field: str
    owner: str
    message: str
    def __init__(self, field: _Optional[str] = ..., owner: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class CatalogSummary(_message.Message):
    __slots__ = ("name", "systems", "policies", "descriptor_sets", "update_time")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTOR_SETS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    systems: int
    policies: int
    descriptor_sets: int
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., systems: _Optional[int] = ..., policies: _Optional[int] = ..., descriptor_sets: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SystemVersion(_message.Message):
    __slots__ = ("version", "first_time", "last_time", "registrations", "current")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FIRST_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_FIELD_NUMBER: _ClassVar[int]
    REGISTRATIONS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    version: str
    first_time: _timestamp_pb2.Timestamp
    last_time: _timestamp_pb2.Timestamp
    registrations: int
    current: bool
    def __init__(self, version: _Optional[str] = ..., first_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., registrations: _Optional[int] = ..., current: _Optional[bool] = ...) -> None: ...
