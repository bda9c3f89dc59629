import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from switchyard.type.v1 import message_kind_pb2 as _message_kind_pb2
from switchyard.type.v1 import repeat_safety_pb2 as _repeat_safety_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RepeatScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPEAT_SCOPE_UNSPECIFIED: _ClassVar[RepeatScope]
    REPEAT_SCOPE_SYSTEM: _ClassVar[RepeatScope]
    REPEAT_SCOPE_TYPE: _ClassVar[RepeatScope]

class Balance(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BALANCE_UNSPECIFIED: _ClassVar[Balance]
    BALANCE_LEAST_LOADED: _ClassVar[Balance]
    BALANCE_ROUND_ROBIN: _ClassVar[Balance]
    BALANCE_RANDOM: _ClassVar[Balance]
REPEAT_SCOPE_UNSPECIFIED: RepeatScope
REPEAT_SCOPE_SYSTEM: RepeatScope
REPEAT_SCOPE_TYPE: RepeatScope
BALANCE_UNSPECIFIED: Balance
BALANCE_LEAST_LOADED: Balance
BALANCE_ROUND_ROBIN: Balance
BALANCE_RANDOM: Balance

class Policy(_message.Message):
    __slots__ = ("name", "match", "timeout", "attempt_timeout", "retry", "repeat_safety", "repeat_scope", "breaker", "balance", "panic", "origin")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    RETRY_FIELD_NUMBER: _ClassVar[int]
    REPEAT_SAFETY_FIELD_NUMBER: _ClassVar[int]
    REPEAT_SCOPE_FIELD_NUMBER: _ClassVar[int]
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    PANIC_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    name: str
    match: PolicyMatch
    timeout: _duration_pb2.Duration
    attempt_timeout: _duration_pb2.Duration
    retry: RetryPolicy
    repeat_safety: _repeat_safety_pb2.RepeatSafety
    repeat_scope: RepeatScope
    breaker: BreakerPolicy
    balance: Balance
    panic: bool
    origin: str
    def __init__(self, name: _Optional[str] = ..., match: _Optional[_Union[PolicyMatch, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., attempt_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., retry: _Optional[_Union[RetryPolicy, _Mapping]] = ..., repeat_safety: _Optional[_Union[_repeat_safety_pb2.RepeatSafety, str]] = ..., repeat_scope: _Optional[_Union[RepeatScope, str]] = ..., breaker: _Optional[_Union[BreakerPolicy, _Mapping]] = ..., balance: _Optional[_Union[Balance, str]] = ..., panic: _Optional[bool] = ..., origin: _Optional[str] = ...) -> None: ...

class PolicyMatch(_message.Message):
    __slots__ = ("message_types", "kinds", "sources", "system_ids", "types", "capabilities")
    MESSAGE_TYPES_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_IDS_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    message_types: _containers.RepeatedScalarFieldContainer[str]
    kinds: _containers.RepeatedScalarFieldContainer[_message_kind_pb2.Kind]
    sources: _containers.RepeatedScalarFieldContainer[str]
    system_ids: _containers.RepeatedScalarFieldContainer[str]
    types: _containers.RepeatedScalarFieldContainer[str]
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, message_types: _Optional[_Iterable[str]] = ..., kinds: _Optional[_Iterable[_Union[_message_kind_pb2.Kind, str]]] = ..., sources: _Optional[_Iterable[str]] = ..., system_ids: _Optional[_Iterable[str]] = ..., types: _Optional[_Iterable[str]] = ..., capabilities: _Optional[_Iterable[str]] = ...) -> None: ...

class RetryPolicy(_message.Message):
    __slots__ = ("attempts", "initial_delay", "factor", "max_delay", "on")
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    INITIAL_DELAY_FIELD_NUMBER: _ClassVar[int]
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    MAX_DELAY_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    attempts: int
    initial_delay: _duration_pb2.Duration
    factor: float
    max_delay: _duration_pb2.Duration
    on: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, attempts: _Optional[int] = ..., initial_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., factor: _Optional[float] = ..., max_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., on: _Optional[_Iterable[str]] = ...) -> None: ...

class BreakerPolicy(_message.Message):
    __slots__ = ("consecutive_failures", "failure_rate", "minimum_calls", "window", "open_for", "half_open_calls")
    CONSECUTIVE_FAILURES_FIELD_NUMBER: _ClassVar[int]
    FAILURE_RATE_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_CALLS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    OPEN_FOR_FIELD_NUMBER: _ClassVar[int]
    HALF_OPEN_CALLS_FIELD_NUMBER: _ClassVar[int]
    consecutive_failures: int
    failure_rate: float
    minimum_calls: int
    window: _duration_pb2.Duration
    open_for: _duration_pb2.Duration
    half_open_calls: int
    def __init__(self, consecutive_failures: _Optional[int] = ..., failure_rate: _Optional[float] = ..., minimum_calls: _Optional[int] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., open_for: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., half_open_calls: _Optional[int] = ...) -> None: ...
