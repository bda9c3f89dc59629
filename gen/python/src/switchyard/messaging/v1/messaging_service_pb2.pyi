import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from switchyard.messaging.v1 import delivery_pb2 as _delivery_pb2
from switchyard.messaging.v1 import message_pb2 as _message_pb2
from switchyard.messaging.v1 import route_plan_pb2 as _route_plan_pb2
from switchyard.type.v1 import repeat_safety_pb2 as _repeat_safety_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SendMessageRequest(_message.Message):
    __slots__ = ("message", "timeout", "repeat_safety", "return_rejections")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    REPEAT_SAFETY_FIELD_NUMBER: _ClassVar[int]
    RETURN_REJECTIONS_FIELD_NUMBER: _ClassVar[int]
    message: _message_pb2.Message
    timeout: _duration_pb2.Duration
    repeat_safety: _repeat_safety_pb2.RepeatSafety
    return_rejections: bool
    def __init__(self, message: _Optional[_Union[_message_pb2.Message, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., repeat_safety: _Optional[_Union[_repeat_safety_pb2.RepeatSafety, str]] = ..., return_rejections: _Optional[bool] = ...) -> None: ...

class SendMessageResponse(_message.Message):
    __slots__ = ("reply", "delivery")
    REPLY_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    reply: _message_pb2.Reply
    delivery: _delivery_pb2.Delivery
    def __init__(self, reply: _Optional[_Union[_message_pb2.Reply, _Mapping]] = ..., delivery: _Optional[_Union[_delivery_pb2.Delivery, _Mapping]] = ...) -> None: ...

class ExplainRouteRequest(_message.Message):
    __slots__ = ("message", "timeout", "repeat_safety")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    REPEAT_SAFETY_FIELD_NUMBER: _ClassVar[int]
    message: _message_pb2.Message
    timeout: _duration_pb2.Duration
    repeat_safety: _repeat_safety_pb2.RepeatSafety
    def __init__(self, message: _Optional[_Union[_message_pb2.Message, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., repeat_safety: _Optional[_Union[_repeat_safety_pb2.RepeatSafety, str]] = ...) -> None: ...

class ExplainRouteResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: _route_plan_pb2.RoutePlan
    def __init__(self, plan: _Optional[_Union[_route_plan_pb2.RoutePlan, _Mapping]] = ...) -> None: ...

class GetDeliveryRequest(_message.Message):
    __slots__ = ("delivery_id",)
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    def __init__(self, delivery_id: _Optional[str] = ...) -> None: ...

class GetDeliveryResponse(_message.Message):
    __slots__ = ("delivery",)
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    delivery: _delivery_pb2.Delivery
    def __init__(self, delivery: _Optional[_Union[_delivery_pb2.Delivery, _Mapping]] = ...) -> None: ...
