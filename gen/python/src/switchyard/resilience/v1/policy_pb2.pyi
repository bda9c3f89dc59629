import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.type.v1 import message_kind_pb2 as _message_kind_pb2
from switchyard.type.v1 import repeat_safety_pb2 as _repeat_safety_pb2
from switchyard.type.v1 import target_pb2 as _target_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BreakerScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAKER_SCOPE_UNSPECIFIED: _ClassVar[BreakerScope]
    BREAKER_SCOPE_INTERFACE: _ClassVar[BreakerScope]
    BREAKER_SCOPE_MESSAGE_TYPE: _ClassVar[BreakerScope]

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
    BALANCE_WEIGHTED: _ClassVar[Balance]
    BALANCE_CONSISTENT_HASH: _ClassVar[Balance]
BREAKER_SCOPE_UNSPECIFIED: BreakerScope
BREAKER_SCOPE_INTERFACE: BreakerScope
BREAKER_SCOPE_MESSAGE_TYPE: BreakerScope
REPEAT_SCOPE_UNSPECIFIED: RepeatScope
REPEAT_SCOPE_SYSTEM: RepeatScope
REPEAT_SCOPE_TYPE: RepeatScope
BALANCE_UNSPECIFIED: Balance
BALANCE_LEAST_LOADED: Balance
BALANCE_ROUND_ROBIN: Balance
BALANCE_RANDOM: Balance
BALANCE_WEIGHTED: Balance
BALANCE_CONSISTENT_HASH: Balance

class Policy(_message.Message):
    __slots__ = ("name", "match", "timeout", "attempt_timeout", "retry", "repeat_safety", "repeat_scope", "breaker", "balance", "panic", "origin", "ejection", "limits", "fallback", "hedge", "reply_cache", "balance_options", "retry_budget", "etag", "update_time")
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
    EJECTION_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    HEDGE_FIELD_NUMBER: _ClassVar[int]
    REPLY_CACHE_FIELD_NUMBER: _ClassVar[int]
    BALANCE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    RETRY_BUDGET_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
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
    ejection: EjectionPolicy
    limits: LimitPolicy
    fallback: _containers.RepeatedCompositeFieldContainer[FallbackStep]
    hedge: HedgePolicy
    reply_cache: ReplyCachePolicy
    balance_options: BalanceOptions
    retry_budget: RetryBudgetPolicy
    etag: str
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., match: _Optional[_Union[PolicyMatch, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., attempt_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., retry: _Optional[_Union[RetryPolicy, _Mapping]] = ..., repeat_safety: _Optional[_Union[_repeat_safety_pb2.RepeatSafety, str]] = ..., repeat_scope: _Optional[_Union[RepeatScope, str]] = ..., breaker: _Optional[_Union[BreakerPolicy, _Mapping]] = ..., balance: _Optional[_Union[Balance, str]] = ..., panic: _Optional[bool] = ..., origin: _Optional[str] = ..., ejection: _Optional[_Union[EjectionPolicy, _Mapping]] = ..., limits: _Optional[_Union[LimitPolicy, _Mapping]] = ..., fallback: _Optional[_Iterable[_Union[FallbackStep, _Mapping]]] = ..., hedge: _Optional[_Union[HedgePolicy, _Mapping]] = ..., reply_cache: _Optional[_Union[ReplyCachePolicy, _Mapping]] = ..., balance_options: _Optional[_Union[BalanceOptions, _Mapping]] = ..., retry_budget: _Optional[_Union[RetryBudgetPolicy, _Mapping]] = ..., etag: _Optional[str] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("attempts", "initial_delay", "factor", "max_delay", "on", "max_retry_after")
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    INITIAL_DELAY_FIELD_NUMBER: _ClassVar[int]
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    MAX_DELAY_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    MAX_RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    attempts: int
    initial_delay: _duration_pb2.Duration
    factor: float
    max_delay: _duration_pb2.Duration
    on: _containers.RepeatedScalarFieldContainer[str]
    max_retry_after: _duration_pb2.Duration
    def __init__(self, attempts: _Optional[int] = ..., initial_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., factor: _Optional[float] = ..., max_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., on: _Optional[_Iterable[str]] = ..., max_retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RetryBudgetPolicy(_message.Message):
    __slots__ = ("share", "minimum")
    SHARE_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    share: float
    minimum: int
    def __init__(self, share: _Optional[float] = ..., minimum: _Optional[int] = ...) -> None: ...

class BreakerPolicy(_message.Message):
    __slots__ = ("consecutive_failures", "failure_rate", "minimum_calls", "window", "open_for", "half_open_calls", "slow_call_rate", "slow_call_time", "scope")
    CONSECUTIVE_FAILURES_FIELD_NUMBER: _ClassVar[int]
    FAILURE_RATE_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_CALLS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    OPEN_FOR_FIELD_NUMBER: _ClassVar[int]
    HALF_OPEN_CALLS_FIELD_NUMBER: _ClassVar[int]
    SLOW_CALL_RATE_FIELD_NUMBER: _ClassVar[int]
    SLOW_CALL_TIME_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    consecutive_failures: int
    failure_rate: float
    minimum_calls: int
    window: _duration_pb2.Duration
    open_for: _duration_pb2.Duration
    half_open_calls: int
    slow_call_rate: float
    slow_call_time: _duration_pb2.Duration
    scope: BreakerScope
    def __init__(self, consecutive_failures: _Optional[int] = ..., failure_rate: _Optional[float] = ..., minimum_calls: _Optional[int] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., open_for: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., half_open_calls: _Optional[int] = ..., slow_call_rate: _Optional[float] = ..., slow_call_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., scope: _Optional[_Union[BreakerScope, str]] = ...) -> None: ...

class EjectionPolicy(_message.Message):
    __slots__ = ("consecutive_failures", "deviations", "minimum_systems", "minimum_calls", "interval", "base_time", "max_time", "max_share", "panic_share")
    CONSECUTIVE_FAILURES_FIELD_NUMBER: _ClassVar[int]
    DEVIATIONS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_SYSTEMS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_CALLS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    BASE_TIME_FIELD_NUMBER: _ClassVar[int]
    MAX_TIME_FIELD_NUMBER: _ClassVar[int]
    MAX_SHARE_FIELD_NUMBER: _ClassVar[int]
    PANIC_SHARE_FIELD_NUMBER: _ClassVar[int]
    consecutive_failures: int
    deviations: float
    minimum_systems: int
    minimum_calls: int
    interval: _duration_pb2.Duration
    base_time: _duration_pb2.Duration
    max_time: _duration_pb2.Duration
    max_share: float
    panic_share: float
    def __init__(self, consecutive_failures: _Optional[int] = ..., deviations: _Optional[float] = ..., minimum_systems: _Optional[int] = ..., minimum_calls: _Optional[int] = ..., interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., base_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_share: _Optional[float] = ..., panic_share: _Optional[float] = ...) -> None: ...

class LimitPolicy(_message.Message):
    __slots__ = ("caller_rate", "target_rate", "concurrency", "adaptive")
    CALLER_RATE_FIELD_NUMBER: _ClassVar[int]
    TARGET_RATE_FIELD_NUMBER: _ClassVar[int]
    CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    ADAPTIVE_FIELD_NUMBER: _ClassVar[int]
    caller_rate: RateLimit
    target_rate: RateLimit
    concurrency: ConcurrencyLimit
    adaptive: AdaptiveLimit
    def __init__(self, caller_rate: _Optional[_Union[RateLimit, _Mapping]] = ..., target_rate: _Optional[_Union[RateLimit, _Mapping]] = ..., concurrency: _Optional[_Union[ConcurrencyLimit, _Mapping]] = ..., adaptive: _Optional[_Union[AdaptiveLimit, _Mapping]] = ...) -> None: ...

class RateLimit(_message.Message):
    __slots__ = ("per_second", "burst")
    PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    BURST_FIELD_NUMBER: _ClassVar[int]
    per_second: float
    burst: int
    def __init__(self, per_second: _Optional[float] = ..., burst: _Optional[int] = ...) -> None: ...

class ConcurrencyLimit(_message.Message):
    __slots__ = ("max_calls", "queue", "queue_time")
    MAX_CALLS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    QUEUE_TIME_FIELD_NUMBER: _ClassVar[int]
    max_calls: int
    queue: int
    queue_time: _duration_pb2.Duration
    def __init__(self, max_calls: _Optional[int] = ..., queue: _Optional[int] = ..., queue_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class AdaptiveLimit(_message.Message):
    __slots__ = ("enabled", "min_calls", "max_calls", "tolerance")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    MIN_CALLS_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    min_calls: int
    max_calls: int
    tolerance: float
    def __init__(self, enabled: _Optional[bool] = ..., min_calls: _Optional[int] = ..., max_calls: _Optional[int] = ..., tolerance: _Optional[float] = ...) -> None: ...

class FallbackStep(_message.Message):
    __slots__ = ("target", "same_type", "static_reply", "last_good", "timeout", "attempts")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SAME_TYPE_FIELD_NUMBER: _ClassVar[int]
    STATIC_REPLY_FIELD_NUMBER: _ClassVar[int]
    LAST_GOOD_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    target: _target_pb2.Target
    same_type: SameTypeFallback
    static_reply: StaticReply
    last_good: LastGoodFallback
    timeout: _duration_pb2.Duration
    attempts: int
    def __init__(self, target: _Optional[_Union[_target_pb2.Target, _Mapping]] = ..., same_type: _Optional[_Union[SameTypeFallback, _Mapping]] = ..., static_reply: _Optional[_Union[StaticReply, _Mapping]] = ..., last_good: _Optional[_Union[LastGoodFallback, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., attempts: _Optional[int] = ...) -> None: ...

class SameTypeFallback(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StaticReply(_message.Message):
    __slots__ = ("status", "content_type", "data", "json")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    status: str
    content_type: str
    data: bytes
    json: _struct_pb2.Value
    def __init__(self, status: _Optional[str] = ..., content_type: _Optional[str] = ..., data: _Optional[bytes] = ..., json: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class LastGoodFallback(_message.Message):
    __slots__ = ("max_age",)
    MAX_AGE_FIELD_NUMBER: _ClassVar[int]
    max_age: _duration_pb2.Duration
    def __init__(self, max_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class HedgePolicy(_message.Message):
    __slots__ = ("attempts", "delay")
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    DELAY_FIELD_NUMBER: _ClassVar[int]
    attempts: int
    delay: _duration_pb2.Duration
    def __init__(self, attempts: _Optional[int] = ..., delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ReplyCachePolicy(_message.Message):
    __slots__ = ("ttl", "shared", "vary")
    TTL_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    VARY_FIELD_NUMBER: _ClassVar[int]
    ttl: _duration_pb2.Duration
    shared: bool
    vary: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., shared: _Optional[bool] = ..., vary: _Optional[_Iterable[str]] = ...) -> None: ...

class BalanceOptions(_message.Message):
    __slots__ = ("hash_on", "hash_load_factor", "zone_first", "slow_start")
    HASH_ON_FIELD_NUMBER: _ClassVar[int]
    HASH_LOAD_FACTOR_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIRST_FIELD_NUMBER: _ClassVar[int]
    SLOW_START_FIELD_NUMBER: _ClassVar[int]
    hash_on: str
    hash_load_factor: float
    zone_first: bool
    slow_start: _duration_pb2.Duration
    def __init__(self, hash_on: _Optional[str] = ..., hash_load_factor: _Optional[float] = ..., zone_first: _Optional[bool] = ..., slow_start: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
