import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.resilience.v1 import breaker_pb2 as _breaker_pb2
from switchyard.resilience.v1 import policy_pb2 as _policy_pb2
from switchyard.type.v1 import health_status_pb2 as _health_status_pb2
from switchyard.type.v1 import protocol_pb2 as _protocol_pb2
from switchyard.type.v1 import repeat_safety_pb2 as _repeat_safety_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RoutePlan(_message.Message):
    __slots__ = ("candidates", "repeat_safety", "repeat_safety_from", "attempts", "timeout", "attempt_timeout", "initial_delay", "delay_factor", "max_delay", "balance", "panic", "policies", "provenance", "failure", "policy", "limits", "fallbacks", "hedge_delay", "reply_cache")
    class ProvenanceEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    REPEAT_SAFETY_FIELD_NUMBER: _ClassVar[int]
    REPEAT_SAFETY_FROM_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    INITIAL_DELAY_FIELD_NUMBER: _ClassVar[int]
    DELAY_FACTOR_FIELD_NUMBER: _ClassVar[int]
    MAX_DELAY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    PANIC_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    HEDGE_DELAY_FIELD_NUMBER: _ClassVar[int]
    REPLY_CACHE_FIELD_NUMBER: _ClassVar[int]
    candidates: _containers.RepeatedCompositeFieldContainer[RouteCandidate]
    repeat_safety: _repeat_safety_pb2.RepeatSafety
    repeat_safety_from: str
    attempts: int
    timeout: _duration_pb2.Duration
    attempt_timeout: _duration_pb2.Duration
    initial_delay: _duration_pb2.Duration
    delay_factor: float
    max_delay: _duration_pb2.Duration
    balance: str
    panic: bool
    policies: _containers.RepeatedScalarFieldContainer[str]
    provenance: _containers.ScalarMap[str, str]
    failure: str
    policy: _policy_pb2.Policy
    limits: _containers.RepeatedCompositeFieldContainer[RouteLimit]
    fallbacks: _containers.RepeatedCompositeFieldContainer[RouteFallback]
    hedge_delay: _duration_pb2.Duration
    reply_cache: str
    def __init__(self, candidates: _Optional[_Iterable[_Union[RouteCandidate, _Mapping]]] = ..., repeat_safety: _Optional[_Union[_repeat_safety_pb2.RepeatSafety, str]] = ..., repeat_safety_from: _Optional[str] = ..., attempts: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., attempt_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., initial_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., delay_factor: _Optional[float] = ..., max_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., balance: _Optional[str] = ..., panic: _Optional[bool] = ..., policies: _Optional[_Iterable[str]] = ..., provenance: _Optional[_Mapping[str, str]] = ..., failure: _Optional[str] = ..., policy: _Optional[_Union[_policy_pb2.Policy, _Mapping]] = ..., limits: _Optional[_Iterable[_Union[RouteLimit, _Mapping]]] = ..., fallbacks: _Optional[_Iterable[_Union[RouteFallback, _Mapping]]] = ..., hedge_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reply_cache: _Optional[str] = ...) -> None: ...

class RouteLimit(_message.Message):
    __slots__ = ("policy", "limit", "subject", "maximum", "current", "waiting", "refuses", "retry_delay")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    REFUSES_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAY_FIELD_NUMBER: _ClassVar[int]
    policy: str
    limit: str
    subject: str
    maximum: float
    current: float
    waiting: int
    refuses: bool
    retry_delay: _duration_pb2.Duration
    def __init__(self, policy: _Optional[str] = ..., limit: _Optional[str] = ..., subject: _Optional[str] = ..., maximum: _Optional[float] = ..., current: _Optional[float] = ..., waiting: _Optional[int] = ..., refuses: _Optional[bool] = ..., retry_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RouteFallback(_message.Message):
    __slots__ = ("name", "usable", "reason", "candidates")
    NAME_FIELD_NUMBER: _ClassVar[int]
    USABLE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    name: str
    usable: bool
    reason: str
    candidates: _containers.RepeatedCompositeFieldContainer[RouteCandidate]
    def __init__(self, name: _Optional[str] = ..., usable: _Optional[bool] = ..., reason: _Optional[str] = ..., candidates: _Optional[_Iterable[_Union[RouteCandidate, _Mapping]]] = ...) -> None: ...

class RouteCandidate(_message.Message):
    __slots__ = ("system_id", "interface", "protocol", "usable", "reason", "status", "breaker", "in_flight", "zone", "effective_weight", "ejected_until_time")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    USABLE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    EJECTED_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    interface: str
    protocol: _protocol_pb2.Protocol
    usable: bool
    reason: str
    status: _health_status_pb2.HealthStatus
    breaker: _breaker_pb2.BreakerState
    in_flight: int
    zone: str
    effective_weight: float
    ejected_until_time: _timestamp_pb2.Timestamp
    def __init__(self, system_id: _Optional[str] = ..., interface: _Optional[str] = ..., protocol: _Optional[_Union[_protocol_pb2.Protocol, str]] = ..., usable: _Optional[bool] = ..., reason: _Optional[str] = ..., status: _Optional[_Union[_health_status_pb2.HealthStatus, str]] = ..., breaker: _Optional[_Union[_breaker_pb2.BreakerState, str]] = ..., in_flight: _Optional[int] = ..., zone: _Optional[str] = ..., effective_weight: _Optional[float] = ..., ejected_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
