import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.type.v1 import health_status_pb2 as _health_status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SystemHealth(_message.Message):
    __slots__ = ("system_id", "status", "status_time", "last_check_time", "latency", "error_rate", "cause", "interfaces", "type")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUS_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_CHECK_TIME_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    ERROR_RATE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    INTERFACES_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    status: _health_status_pb2.HealthStatus
    status_time: _timestamp_pb2.Timestamp
    last_check_time: _timestamp_pb2.Timestamp
    latency: _duration_pb2.Duration
    error_rate: float
    cause: str
    interfaces: _containers.RepeatedCompositeFieldContainer[InterfaceHealth]
    type: str
    def __init__(self, system_id: _Optional[str] = ..., status: _Optional[_Union[_health_status_pb2.HealthStatus, str]] = ..., status_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_check_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., error_rate: _Optional[float] = ..., cause: _Optional[str] = ..., interfaces: _Optional[_Iterable[_Union[InterfaceHealth, _Mapping]]] = ..., type: _Optional[str] = ...) -> None: ...

class InterfaceHealth(_message.Message):
    __slots__ = ("name", "status", "status_time", "last_check_time", "latency", "error_rate", "cause", "consecutive_failures")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUS_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_CHECK_TIME_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    ERROR_RATE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    CONSECUTIVE_FAILURES_FIELD_NUMBER: _ClassVar[int]
    name: str
    status: _health_status_pb2.HealthStatus
    status_time: _timestamp_pb2.Timestamp
    last_check_time: _timestamp_pb2.Timestamp
    latency: _duration_pb2.Duration
    error_rate: float
    cause: str
    consecutive_failures: int
    def __init__(self, name: _Optional[str] = ..., status: _Optional[_Union[_health_status_pb2.HealthStatus, str]] = ..., status_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_check_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., error_rate: _Optional[float] = ..., cause: _Optional[str] = ..., consecutive_failures: _Optional[int] = ...) -> None: ...
