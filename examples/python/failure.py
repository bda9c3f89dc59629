"""What the hub says when it refuses a call."""

from dataclasses import dataclass, field

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

FINAL = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
)


@dataclass
class Failure:
    """A failed call, as its status and the details of google.rpc tell it."""

    code: grpc.StatusCode
    message: str
    # Why, in one word of docs/errors.md: SYSTEM_NOT_FOUND. Empty when the hub was not reached.
    reason: str = ""
    # Values that belong to the reason; of a delivery `executed`: no, yes or unknown.
    metadata: dict[str, str] = field(default_factory=dict)
    # When to come back, in ms. None: the hub does not say.
    retry_after_ms: int | None = None
    # Every field that is wrong, at once, with what is wrong.
    violations: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        """Whether the same call would fail again however often it is repeated."""
        return self.code in FINAL

    def __str__(self) -> str:
        lines = [f"{self.reason or 'no reason'} ({self.code.name}): {self.message}"]
        lines += [f"  {name} = {value}" for name, value in self.metadata.items()]
        if self.retry_after_ms is not None:
            lines.append(f"  try again after {self.retry_after_ms} ms")
        lines += [f"  {name}: {description}" for name, description in self.violations]
        return "\n".join(lines)


def read_failure(error: grpc.RpcError) -> Failure:
    """Reads code and text of the status, and what its details add."""
    failure = Failure(error.code(), error.details() or "")
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else []:
        info = error_details_pb2.ErrorInfo()
        retry = error_details_pb2.RetryInfo()
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(info):
            failure.reason, failure.metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(retry):
            failure.retry_after_ms = retry.retry_delay.ToMilliseconds()
        elif detail.Unpack(bad):
            failure.violations = [(wrong.field, wrong.description) for wrong in bad.field_violations]
    return failure
