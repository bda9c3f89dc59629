import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PolicySimulation(_message.Message):
    __slots__ = ("deliveries", "matched", "start_time", "end_time", "recorded", "current", "proposed", "assumptions")
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_FIELD_NUMBER: _ClassVar[int]
    ASSUMPTIONS_FIELD_NUMBER: _ClassVar[int]
    deliveries: int
    matched: int
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    recorded: SimulatedOutcome
    current: SimulatedOutcome
    proposed: SimulatedOutcome
    assumptions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, deliveries: _Optional[int] = ..., matched: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., recorded: _Optional[_Union[SimulatedOutcome, _Mapping]] = ..., current: _Optional[_Union[SimulatedOutcome, _Mapping]] = ..., proposed: _Optional[_Union[SimulatedOutcome, _Mapping]] = ..., assumptions: _Optional[_Iterable[str]] = ...) -> None: ...

class SimulatedOutcome(_message.Message):
    __slots__ = ("delivered", "failed", "unknown", "attempts", "retries", "refusals", "breaker_opens", "fallbacks", "cached", "latency_p50", "latency_p95", "latency_p99", "reasons")
    class ReasonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    DELIVERED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    RETRIES_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    BREAKER_OPENS_FIELD_NUMBER: _ClassVar[int]
    FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    CACHED_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P50_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P95_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P99_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    delivered: int
    failed: int
    unknown: int
    attempts: int
    retries: int
    refusals: int
    breaker_opens: int
    fallbacks: int
    cached: int
    latency_p50: _duration_pb2.Duration
    latency_p95: _duration_pb2.Duration
    latency_p99: _duration_pb2.Duration
    reasons: _containers.ScalarMap[str, int]
    def __init__(self, delivered: _Optional[int] = ..., failed: _Optional[int] = ..., unknown: _Optional[int] = ..., attempts: _Optional[int] = ..., retries: _Optional[int] = ..., refusals: _Optional[int] = ..., breaker_opens: _Optional[int] = ..., fallbacks: _Optional[int] = ..., cached: _Optional[int] = ..., latency_p50: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., latency_p95: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., latency_p99: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reasons: _Optional[_Mapping[str, int]] = ...) -> None: ...
