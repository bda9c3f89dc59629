import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from switchyard.health.v1 import health_pb2 as _health_pb2
from switchyard.registry.v1 import system_pb2 as _system_pb2
from switchyard.type.v1 import health_status_pb2 as _health_status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CheckHealthRequest(_message.Message):
    __slots__ = ("system_id", "filter")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    filter: _system_pb2.SystemFilter
    def __init__(self, system_id: _Optional[str] = ..., filter: _Optional[_Union[_system_pb2.SystemFilter, _Mapping]] = ...) -> None: ...

class CheckHealthResponse(_message.Message):
    __slots__ = ("health",)
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    health: _containers.RepeatedCompositeFieldContainer[_health_pb2.SystemHealth]
    def __init__(self, health: _Optional[_Iterable[_Union[_health_pb2.SystemHealth, _Mapping]]] = ...) -> None: ...

class GetHealthRequest(_message.Message):
    __slots__ = ("system_id",)
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    def __init__(self, system_id: _Optional[str] = ...) -> None: ...

class GetHealthResponse(_message.Message):
    __slots__ = ("health",)
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    health: _health_pb2.SystemHealth
    def __init__(self, health: _Optional[_Union[_health_pb2.SystemHealth, _Mapping]] = ...) -> None: ...

class ListHealthRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: _system_pb2.SystemFilter
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[_system_pb2.SystemFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListHealthResponse(_message.Message):
    __slots__ = ("health", "next_page_token")
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    health: _containers.RepeatedCompositeFieldContainer[_health_pb2.SystemHealth]
    next_page_token: str
    def __init__(self, health: _Optional[_Iterable[_Union[_health_pb2.SystemHealth, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchHealthRequest(_message.Message):
    __slots__ = ("filter", "resume_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: _system_pb2.SystemFilter
    resume_token: str
    def __init__(self, filter: _Optional[_Union[_system_pb2.SystemFilter, _Mapping]] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchHealthResponse(_message.Message):
    __slots__ = ("snapshot", "update", "removed", "bookmark", "reset")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    snapshot: HealthSnapshot
    update: HealthUpdate
    removed: HealthRemoved
    bookmark: HealthBookmark
    reset: HealthReset
    def __init__(self, snapshot: _Optional[_Union[HealthSnapshot, _Mapping]] = ..., update: _Optional[_Union[HealthUpdate, _Mapping]] = ..., removed: _Optional[_Union[HealthRemoved, _Mapping]] = ..., bookmark: _Optional[_Union[HealthBookmark, _Mapping]] = ..., reset: _Optional[_Union[HealthReset, _Mapping]] = ...) -> None: ...

class HealthSnapshot(_message.Message):
    __slots__ = ("items", "last")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_health_pb2.SystemHealth]
    last: bool
    def __init__(self, items: _Optional[_Iterable[_Union[_health_pb2.SystemHealth, _Mapping]]] = ..., last: _Optional[bool] = ...) -> None: ...

class HealthUpdate(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_health_pb2.SystemHealth]
    def __init__(self, items: _Optional[_Iterable[_Union[_health_pb2.SystemHealth, _Mapping]]] = ...) -> None: ...

class HealthRemoved(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class HealthBookmark(_message.Message):
    __slots__ = ("resume_token",)
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resume_token: str
    def __init__(self, resume_token: _Optional[str] = ...) -> None: ...

class HealthReset(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetHealthSummaryRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetHealthSummaryResponse(_message.Message):
    __slots__ = ("summary",)
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    summary: HealthSummary
    def __init__(self, summary: _Optional[_Union[HealthSummary, _Mapping]] = ...) -> None: ...

class HealthSummary(_message.Message):
    __slots__ = ("systems", "by_status", "not_well")
    SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    BY_STATUS_FIELD_NUMBER: _ClassVar[int]
    NOT_WELL_FIELD_NUMBER: _ClassVar[int]
    systems: int
    by_status: _containers.RepeatedCompositeFieldContainer[StatusCount]
    not_well: _containers.RepeatedCompositeFieldContainer[_health_pb2.SystemHealth]
    def __init__(self, systems: _Optional[int] = ..., by_status: _Optional[_Iterable[_Union[StatusCount, _Mapping]]] = ..., not_well: _Optional[_Iterable[_Union[_health_pb2.SystemHealth, _Mapping]]] = ...) -> None: ...

class StatusCount(_message.Message):
    __slots__ = ("status", "systems")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    status: _health_status_pb2.HealthStatus
    systems: int
    def __init__(self, status: _Optional[_Union[_health_status_pb2.HealthStatus, str]] = ..., systems: _Optional[int] = ...) -> None: ...

class ReportHealthRequest(_message.Message):
    __slots__ = ("system_id", "status", "cause", "valid_for", "registration_id")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    VALID_FOR_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_ID_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    status: _health_status_pb2.HealthStatus
    cause: str
    valid_for: _duration_pb2.Duration
    registration_id: str
    def __init__(self, system_id: _Optional[str] = ..., status: _Optional[_Union[_health_status_pb2.HealthStatus, str]] = ..., cause: _Optional[str] = ..., valid_for: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., registration_id: _Optional[str] = ...) -> None: ...

class ReportHealthResponse(_message.Message):
    __slots__ = ("health",)
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    health: _health_pb2.SystemHealth
    def __init__(self, health: _Optional[_Union[_health_pb2.SystemHealth, _Mapping]] = ...) -> None: ...
