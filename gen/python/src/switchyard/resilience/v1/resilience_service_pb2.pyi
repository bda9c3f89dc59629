import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.resilience.v1 import breaker_pb2 as _breaker_pb2
from switchyard.resilience.v1 import policy_pb2 as _policy_pb2
from switchyard.resilience.v1 import simulation_pb2 as _simulation_pb2
from switchyard.type.v1 import target_pb2 as _target_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListBreakersRequest(_message.Message):
    __slots__ = ("system_id", "states", "page_size", "page_token")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    states: _containers.RepeatedScalarFieldContainer[_breaker_pb2.BreakerState]
    page_size: int
    page_token: str
    def __init__(self, system_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[_breaker_pb2.BreakerState, str]]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListBreakersResponse(_message.Message):
    __slots__ = ("breakers", "next_page_token")
    BREAKERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    breakers: _containers.RepeatedCompositeFieldContainer[_breaker_pb2.Breaker]
    next_page_token: str
    def __init__(self, breakers: _Optional[_Iterable[_Union[_breaker_pb2.Breaker, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchBreakersRequest(_message.Message):
    __slots__ = ("system_id", "resume_token")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    resume_token: str
    def __init__(self, system_id: _Optional[str] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchBreakersResponse(_message.Message):
    __slots__ = ("snapshot", "update", "removed", "bookmark", "reset")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    snapshot: BreakerSnapshot
    update: BreakerUpdate
    removed: BreakerRemoved
    bookmark: BreakerBookmark
    reset: BreakerReset
    def __init__(self, snapshot: _Optional[_Union[BreakerSnapshot, _Mapping]] = ..., update: _Optional[_Union[BreakerUpdate, _Mapping]] = ..., removed: _Optional[_Union[BreakerRemoved, _Mapping]] = ..., bookmark: _Optional[_Union[BreakerBookmark, _Mapping]] = ..., reset: _Optional[_Union[BreakerReset, _Mapping]] = ...) -> None: ...

class BreakerSnapshot(_message.Message):
    __slots__ = ("items", "last")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_breaker_pb2.Breaker]
    last: bool
    def __init__(self, items: _Optional[_Iterable[_Union[_breaker_pb2.Breaker, _Mapping]]] = ..., last: _Optional[bool] = ...) -> None: ...

class BreakerUpdate(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_breaker_pb2.Breaker]
    def __init__(self, items: _Optional[_Iterable[_Union[_breaker_pb2.Breaker, _Mapping]]] = ...) -> None: ...

class BreakerRemoved(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class BreakerBookmark(_message.Message):
    __slots__ = ("resume_token",)
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resume_token: str
    def __init__(self, resume_token: _Optional[str] = ...) -> None: ...

class BreakerReset(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TripBreakerRequest(_message.Message):
    __slots__ = ("system_id", "interface", "duration", "cause", "validate_only", "state", "message_type")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    interface: str
    duration: _duration_pb2.Duration
    cause: str
    validate_only: bool
    state: _breaker_pb2.BreakerState
    message_type: str
    def __init__(self, system_id: _Optional[str] = ..., interface: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cause: _Optional[str] = ..., validate_only: _Optional[bool] = ..., state: _Optional[_Union[_breaker_pb2.BreakerState, str]] = ..., message_type: _Optional[str] = ...) -> None: ...

class TripBreakerResponse(_message.Message):
    __slots__ = ("breakers",)
    BREAKERS_FIELD_NUMBER: _ClassVar[int]
    breakers: _containers.RepeatedCompositeFieldContainer[_breaker_pb2.Breaker]
    def __init__(self, breakers: _Optional[_Iterable[_Union[_breaker_pb2.Breaker, _Mapping]]] = ...) -> None: ...

class ResetBreakerRequest(_message.Message):
    __slots__ = ("system_id", "interface", "validate_only", "message_type")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    interface: str
    validate_only: bool
    message_type: str
    def __init__(self, system_id: _Optional[str] = ..., interface: _Optional[str] = ..., validate_only: _Optional[bool] = ..., message_type: _Optional[str] = ...) -> None: ...

class ResetBreakerResponse(_message.Message):
    __slots__ = ("breakers",)
    BREAKERS_FIELD_NUMBER: _ClassVar[int]
    breakers: _containers.RepeatedCompositeFieldContainer[_breaker_pb2.Breaker]
    def __init__(self, breakers: _Optional[_Iterable[_Union[_breaker_pb2.Breaker, _Mapping]]] = ...) -> None: ...

class ListPoliciesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPoliciesResponse(_message.Message):
    __slots__ = ("policies", "next_page_token")
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Policy]
    next_page_token: str
    def __init__(self, policies: _Optional[_Iterable[_Union[_policy_pb2.Policy, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetPolicyRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetPolicyResponse(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: _policy_pb2.Policy
    def __init__(self, policy: _Optional[_Union[_policy_pb2.Policy, _Mapping]] = ...) -> None: ...

class ListBreakerTransitionsRequest(_message.Message):
    __slots__ = ("system_id", "interface", "start_time", "page_size", "page_token")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    interface: str
    start_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, system_id: _Optional[str] = ..., interface: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListBreakerTransitionsResponse(_message.Message):
    __slots__ = ("transitions", "next_page_token")
    TRANSITIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    transitions: _containers.RepeatedCompositeFieldContainer[_breaker_pb2.BreakerTransition]
    next_page_token: str
    def __init__(self, transitions: _Optional[_Iterable[_Union[_breaker_pb2.BreakerTransition, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PutPolicyRequest(_message.Message):
    __slots__ = ("policy", "etag", "validate_only")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    policy: _policy_pb2.Policy
    etag: str
    validate_only: bool
    def __init__(self, policy: _Optional[_Union[_policy_pb2.Policy, _Mapping]] = ..., etag: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class PutPolicyResponse(_message.Message):
    __slots__ = ("policy", "warnings")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    policy: _policy_pb2.Policy
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, policy: _Optional[_Union[_policy_pb2.Policy, _Mapping]] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class DeletePolicyRequest(_message.Message):
    __slots__ = ("name", "etag", "validate_only")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    validate_only: bool
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class DeletePolicyResponse(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[PolicyFieldChange]
    def __init__(self, changes: _Optional[_Iterable[_Union[PolicyFieldChange, _Mapping]]] = ...) -> None: ...

class PolicyFieldChange(_message.Message):
    __slots__ = ("field", "before", "after")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    field: str
    before: str
    after: str
    def __init__(self, field: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ..., **kwargs) -> None: ...

class SimulatePolicyRequest(_message.Message):
    __slots__ = ("policy", "start_time", "end_time", "seed")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    policy: _policy_pb2.Policy
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    seed: int
    def __init__(self, policy: _Optional[_Union[_policy_pb2.Policy, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., seed: _Optional[int] = ...) -> None: ...

class SimulatePolicyResponse(_message.Message):
    __slots__ = ("simulation",)
    SIMULATION_FIELD_NUMBER: _ClassVar[int]
    simulation: _simulation_pb2.PolicySimulation
    def __init__(self, simulation: _Optional[_Union[_simulation_pb2.PolicySimulation, _Mapping]] = ...) -> None: ...

class InvalidateRepliesRequest(_message.Message):
    __slots__ = ("message_types", "target", "all")
    MESSAGE_TYPES_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    message_types: _containers.RepeatedScalarFieldContainer[str]
    target: _target_pb2.Target
    all: bool
    def __init__(self, message_types: _Optional[_Iterable[str]] = ..., target: _Optional[_Union[_target_pb2.Target, _Mapping]] = ..., all: _Optional[bool] = ...) -> None: ...

class InvalidateRepliesResponse(_message.Message):
    __slots__ = ("forgotten",)
    FORGOTTEN_FIELD_NUMBER: _ClassVar[int]
    forgotten: int
    def __init__(self, forgotten: _Optional[int] = ...) -> None: ...
