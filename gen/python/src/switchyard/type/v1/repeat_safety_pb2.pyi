from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class RepeatSafety(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPEAT_SAFETY_UNSPECIFIED: _ClassVar[RepeatSafety]
    REPEAT_SAFETY_SAFE: _ClassVar[RepeatSafety]
    REPEAT_SAFETY_IDEMPOTENT: _ClassVar[RepeatSafety]
    REPEAT_SAFETY_KEYED: _ClassVar[RepeatSafety]
    REPEAT_SAFETY_UNSAFE: _ClassVar[RepeatSafety]
REPEAT_SAFETY_UNSPECIFIED: RepeatSafety
REPEAT_SAFETY_SAFE: RepeatSafety
REPEAT_SAFETY_IDEMPOTENT: RepeatSafety
REPEAT_SAFETY_KEYED: RepeatSafety
REPEAT_SAFETY_UNSAFE: RepeatSafety
