from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KIND_UNSPECIFIED: _ClassVar[Kind]
    KIND_REQUEST: _ClassVar[Kind]
    KIND_RESPONSE: _ClassVar[Kind]
    KIND_EVENT: _ClassVar[Kind]
    KIND_COMMAND: _ClassVar[Kind]
    KIND_QUERY: _ClassVar[Kind]
    KIND_NOTIFICATION: _ClassVar[Kind]
    KIND_HEARTBEAT: _ClassVar[Kind]
    KIND_ERROR: _ClassVar[Kind]

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    PRIORITY_LOW: _ClassVar[Priority]
    PRIORITY_NORMAL: _ClassVar[Priority]
    PRIORITY_HIGH: _ClassVar[Priority]
    PRIORITY_CRITICAL: _ClassVar[Priority]
    PRIORITY_EMERGENCY: _ClassVar[Priority]
KIND_UNSPECIFIED: Kind
KIND_REQUEST: Kind
KIND_RESPONSE: Kind
KIND_EVENT: Kind
KIND_COMMAND: Kind
KIND_QUERY: Kind
KIND_NOTIFICATION: Kind
KIND_HEARTBEAT: Kind
KIND_ERROR: Kind
PRIORITY_UNSPECIFIED: Priority
PRIORITY_LOW: Priority
PRIORITY_NORMAL: Priority
PRIORITY_HIGH: Priority
PRIORITY_CRITICAL: Priority
PRIORITY_EMERGENCY: Priority
