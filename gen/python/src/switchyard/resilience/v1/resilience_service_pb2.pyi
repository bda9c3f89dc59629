import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from switchyard.resilience.v1 import breaker_pb2 as _breaker_pb2
from switchyard.resilience.v1 import policy_pb2 as _policy_pb2
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
    __slots__ = ("system_id", "interface", "duration", "cause", "validate_only")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    interface: str
    duration: _duration_pb2.Duration
    cause: str
    validate_only: bool
    def __init__(self, system_id: _Optional[str] = ..., interface: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cause: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class TripBreakerResponse(_message.Message):
    __slots__ = ("breakers",)
    BREAKERS_FIELD_NUMBER: _ClassVar[int]
    breakers: _containers.RepeatedCompositeFieldContainer[_breaker_pb2.Breaker]
    def __init__(self, breakers: _Optional[_Iterable[_Union[_breaker_pb2.Breaker, _Mapping]]] = ...) -> None: ...

class ResetBreakerRequest(_message.Message):
    __slots__ = ("system_id", "interface", "validate_only")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    INTERFACE_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    interface: str
    validate_only: bool
    def __init__(self, system_id: _Optional[str] = ..., interface: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

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
