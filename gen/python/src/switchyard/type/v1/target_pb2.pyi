from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Target(_message.Message):
    __slots__ = ("system_id", "type", "capability")
    SYSTEM_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    system_id: str
    type: str
    capability: str
    def __init__(self, system_id: _Optional[str] = ..., type: _Optional[str] = ..., capability: _Optional[str] = ...) -> None: ...
